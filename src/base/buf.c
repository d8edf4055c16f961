/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one growing buffer. It refuses to grow above the maximum that its maker gave, so that no answer of a
 * service and no file decides how much memory is used.
 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void ha_buf_free(struct ha_buf *buf)
{
    free(buf->data);
    buf->data = NULL;
    buf->len = buf->cap = 0;
    buf->failed = HA_E_OK;
}

void ha_buf_wipe(struct ha_buf *buf)
{
    if (buf->data)
        explicit_bzero(buf->data, buf->cap);
    ha_buf_free(buf);
}

void ha_buf_clear(struct ha_buf *buf)
{
    buf->len = 0;
    buf->failed = HA_E_OK;
    if (buf->data)
        buf->data[0] = '\0';
}

static int fail(struct ha_buf *buf, enum ha_code code)
{
    if (code == HA_E_NOMEM)
        ha_note_nomem();
    buf->failed = code;
    return -1;
}

static int reserve(struct ha_buf *buf, size_t more)
{
    size_t need, cap;
    char *grown;

    if (buf->failed)
        return -1;
    if (more > buf->max || buf->len > buf->max - more)
        return fail(buf, HA_E_LIMIT);
    need = buf->len + more + 1;
    if (need <= buf->cap)
        return 0;
    cap = buf->cap > buf->max / 2 ? buf->max + 1 : buf->cap * 2;
    if (cap < need)
        cap = need;
    if (cap < 64)
        cap = 64;
    grown = realloc(buf->data, cap);
    if (!grown)
        return fail(buf, HA_E_NOMEM);
    buf->data = grown;
    buf->cap = cap;
    return 0;
}

int ha_buf_add(struct ha_buf *buf, const void *data, size_t len)
{
    if (reserve(buf, len) < 0)
        return -1;
    if (len)
        memcpy(buf->data + buf->len, data, len);
    buf->len += len;
    buf->data[buf->len] = '\0';
    return 0;
}

int ha_buf_add_text(struct ha_buf *buf, const char *text)
{
    return ha_buf_add(buf, text, strlen(text));
}

/* What is free already is tried first: that is nearly always enough, and so the text is put together once. */
int ha_buf_addf(struct ha_buf *buf, const char *format, ...)
{
    va_list args;
    int len;

    if (reserve(buf, 0) < 0)
        return -1;
    size_t most = buf->max - buf->len + 1, room = buf->cap - buf->len;
    room = room < most ? room : most;
    va_start(args, format);
    len = vsnprintf(buf->data + buf->len, room, format, args);
    va_end(args);
    if (len < 0 || (size_t)len >= room) {
        buf->data[buf->len] = '\0';
        if (len < 0 || reserve(buf, (size_t)len) < 0)
            return len < 0 ? fail(buf, HA_E_INTERNAL) : -1;
        va_start(args, format);
        vsnprintf(buf->data + buf->len, (size_t)len + 1, format, args);
        va_end(args);
    }
    buf->len += (size_t)len;
    return 0;
}

int ha_buf_check(const struct ha_buf *buf, const char *what, struct ha_error *err)
{
    if (buf->failed == HA_E_OK)
        return 0;
    if (buf->failed == HA_E_LIMIT)
        return ha_fail(err, HA_E_LIMIT, "%s is larger than the limit of %zu bytes", what, buf->max);
    if (buf->failed == HA_E_NOMEM)
        return ha_fail_nomem(err);
    return ha_fail(err, buf->failed, "%s cannot be put together", what);
}
