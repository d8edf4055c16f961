/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a description says of the place of delivery. It owns the bounds of S3 that the schema cannot have, because they are written with units. It
 * contacts nothing.
 */
#include <string.h>

#include "access/site.h"
#include "ha-formats.h"
#include "source/service_parts.h"

enum { TAGS_MAX = 10 };

#define WEEK_MS (INT64_C(7) * 24 * 3600 * 1000)
#define PART_LEAST (UINT64_C(5) << 20)
#define PART_MOST (UINT64_C(5) << 30)

static void check_link(const ha_json *deliver, struct ha_remarks *remarks)
{
    const ha_json *lifetime = ha_json_get(deliver, HA_K_LINK_LIFETIME);
    const char *credentials = ha_json_get_text(deliver, HA_K_CREDENTIALS);
    if (ha_site_duration_ms(lifetime, 0) > WEEK_MS)
        ha_remarks_addf(remarks, "/deliver/link_lifetime", "a link is good for seven days at most");
    if (lifetime && credentials && strcmp(credentials, "none") == 0)
        ha_remarks_addf(remarks, "/deliver/link_lifetime", "without credentials no link can be made");
}

void ha_service_check_deliver(const struct ha_service *service, struct ha_remarks *remarks)
{
    const ha_json *deliver = ha_json_get(service->doc, HA_K_DELIVER),
                  *part = ha_json_get(deliver, HA_K_PART_SIZE);
    uint64_t size = ha_site_size(part, 0);
    check_link(deliver, remarks);
    if (part && (size < PART_LEAST || size > PART_MOST))
        ha_remarks_addf(remarks, "/deliver/part_size", "a part has 5 MiB at least and 5 GiB at most");
    if (ha_json_count(ha_json_get(deliver, HA_K_TAGS)) > TAGS_MAX)
        ha_remarks_addf(remarks, "/deliver/tags", "an object has %d tags at most", TAGS_MAX);
}
