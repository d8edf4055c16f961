/* SPDX-License-Identifier: Apache-2.0 */
/* A growing byte buffer that knows its maximum. */
#ifndef HA_BASE_BUF_H
#define HA_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"

/*
 * The bytes are always followed by a NUL that does not count. A failure sticks: whoever fills a buffer may
 * look at the end, once, with ha_buf_check.
 */
struct ha_buf {
    char *data; /* NULL while nothing was ever added */
    size_t len;
    size_t cap;
    size_t max;
    enum ha_code failed;
};

/* An empty buffer that never grows above MAX bytes. */
static inline struct ha_buf ha_buf_make(size_t max)
{
    return (struct ha_buf){.max = max};
}

/* Frees and, with it, forgets the bytes; the maximum stays. */
void ha_buf_free(struct ha_buf *buf);
#define HA_BUF HA_CLEANUP(ha_buf_free)

/* The same for a secret: wipes the bytes first. */
void ha_buf_wipe(struct ha_buf *buf);

/* Forgets the bytes but keeps the memory. */
void ha_buf_clear(struct ha_buf *buf);

/* Each adds, returns 0, or -1 when memory or the maximum ran out (the buffer is then unchanged but failed). */
int ha_buf_add(struct ha_buf *buf, const void *data, size_t len);
int ha_buf_add_text(struct ha_buf *buf, const char *text);
int ha_buf_addf(struct ha_buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Inline, because texts are written a character here and a character there. */
static inline int ha_buf_add_char(struct ha_buf *buf, char c)
{
    if (buf->failed || buf->len >= buf->max || buf->len + 1 >= buf->cap)
        return ha_buf_add(buf, &c, 1);
    buf->data[buf->len++] = c;
    buf->data[buf->len] = '\0';
    return 0;
}

/* 0, or -1 with an error that names WHAT when an addition failed since the buffer was made. */
int ha_buf_check(const struct ha_buf *buf, const char *what, struct ha_error *err);

/* The text, never NULL. */
static inline const char *ha_buf_text(const struct ha_buf *buf)
{
    return buf->data ? buf->data : "";
}

#endif
