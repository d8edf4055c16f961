/* SPDX-License-Identifier: Apache-2.0 */
/* The byte limit as a filter. It buffers nothing and trusts no header. */
#include "io/limit.h"

static int filter_write(struct ha_sink *sink, const void *data, size_t len, struct ha_error *err)
{
    struct ha_limit_sink *filter = (struct ha_limit_sink *)sink;

    if (len > filter->left)
        return ha_fail(err, filter->code, "more bytes come than were stated or are allowed");
    filter->left -= len;
    return ha_sink_write(filter->next, data, len, err);
}

static int filter_commit(struct ha_sink *sink, struct ha_error *err)
{
    return ha_sink_commit(((struct ha_limit_sink *)sink)->next, err);
}

static void filter_abort(struct ha_sink *sink)
{
    ha_sink_abort(((struct ha_limit_sink *)sink)->next);
}

void ha_limit_sink_init(struct ha_limit_sink *filter, struct ha_sink *next, uint64_t max, enum ha_code code)
{
    static const struct ha_sink_ops ops = {filter_write, filter_commit, filter_abort};

    *filter = (struct ha_limit_sink){.sink.ops = &ops, .next = next, .left = max, .code = code};
}
