#ifndef HA_NET_LINK_H
#define HA_NET_LINK_H
#include "base/buf.h"
int ha_link_find(const char *value, const char *rel, struct ha_buf *out, struct ha_error *err);
#endif
