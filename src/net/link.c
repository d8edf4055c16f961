#include "net/link.h"
#include <stdio.h>
#include <string.h>
int ha_link_find(const char *value, const char *rel, struct ha_buf *out, struct ha_error *err)
{
    for (const char *at = strchr(value, '<'); at; at = strchr(at, '<')) {
        const char *end = strchr(at, '>');
        size_t params = end ? strcspn(end, "<") : 0;
        char want[80];
        if (!end)
            return 0;
        HA_FREE char *tail = strndup(end, params);
        snprintf(want, sizeof want, "rel=\"%.60s\"", rel);
        if (tail && strstr(tail, want)) {
            ha_buf_add(out, at + 1, (size_t)(end - at - 1));
            return ha_buf_check(out, "a link", err);
        }
        at = end;
    }
    return 0;
}
