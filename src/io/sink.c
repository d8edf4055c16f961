/* SPDX-License-Identifier: Apache-2.0 */
/* The sticky failure of all sinks: owns the rule that nothing is committed after a write went wrong. */
#include "io/sink.h"

int ha_sink_write(struct ha_sink *sink, const void *data, size_t len, struct ha_error *err)
{
    if (sink->failed)
        return ha_fail(err, HA_E_INTERNAL, "written after a failure");
    if (len == 0)
        return 0;
    if (sink->ops->write(sink, data, len, err) < 0) {
        sink->failed = true;
        return -1;
    }
    return 0;
}

int ha_sink_commit(struct ha_sink *sink, struct ha_error *err)
{
    if (sink->failed)
        return ha_fail(err, HA_E_INTERNAL, "committed after a failure");
    if (sink->ops->commit(sink, err) < 0) {
        sink->failed = true;
        return -1;
    }
    return 0;
}

void ha_sink_abort(struct ha_sink *sink)
{
    sink->failed = true;
    sink->ops->abort(sink);
}
