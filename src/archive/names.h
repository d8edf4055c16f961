/* SPDX-License-Identifier: Apache-2.0 */
/* Which rule a name breaks. */
#ifndef HA_ARCHIVE_NAMES_H
#define HA_ARCHIVE_NAMES_H

#include "ha-rules.h"
#include "model/naming.h"

/* Of any fault but HA_NAME_GOOD. */
static inline enum ha_rule ha_name_rule(enum ha_name_fault fault)
{
    switch (fault) {
    case HA_NAME_ENCODING:
        return HA_RULE_NAME_ENCODING;
    case HA_NAME_PATH:
        return HA_RULE_NAME_PATH;
    case HA_NAME_LENGTH:
        return HA_RULE_NAME_LENGTH;
    case HA_NAME_RESERVED:
        return HA_RULE_NAME_RESERVED;
    case HA_NAME_GOOD:
    case HA_NAME_CHARACTER:
        break;
    }
    return HA_RULE_NAME_CHARACTER;
}

#endif
