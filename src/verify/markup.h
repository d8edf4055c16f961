/* SPDX-License-Identifier: Apache-2.0 */
/* The HTML of the pages and nothing beyond: read as a stream, and refused where it is anything else. */
#ifndef HA_VERIFY_MARKUP_H
#define HA_VERIFY_MARKUP_H

#include "base/buf.h"
#include "io/sink.h"

enum { HA_MARKUP_DEPTH = 32, HA_MARKUP_ATTRIBUTES = 12, HA_MARKUP_TAG_MAX = 256 * 1024 };

struct ha_attribute {
    const char *name, *value; /* as it stands, references unresolved; "" without one */
};

struct ha_tag {
    const char *name;
    const struct ha_attribute *attributes;
    size_t count;
    bool end;
};

/* The value of an attribute as it stands, or NULL. */
const char *ha_tag_value(const struct ha_tag *tag, const char *name);

/* Who reads. Each returns -1 to stop, with HA_E_FORMAT where the page is at fault. */
struct ha_markup_reader {
    int (*tag)(void *context, const struct ha_tag *tag, const char *raw, size_t len, struct ha_error *err);
    int (*text)(void *context, const char *raw, size_t len, struct ha_error *err); /* a piece of it */
    void *context;
};

/*
 * A sink that reads a page. It knows only the elements and attributes that pages are made of, each attribute in quotation marks, no comment and
 * no text that is read otherwise than as text; elements are closed in their order. So what it takes, every browser takes for the same.
 * HA_E_FORMAT, with the byte, for anything else.
 */
struct ha_markup_sink {
    struct ha_sink sink;
    struct ha_markup_reader reader;
    struct ha_buf held; /* a tag, a reference or a letter that has not ended */
    const char *open[HA_MARKUP_DEPTH];
    int depth;
    uint64_t at; /* bytes so far */
    bool begun;  /* the document type has been read */
};

/* Commit checks that all is closed; commit and abort free what is held. */
void ha_markup_sink_init(struct ha_markup_sink *sink, const struct ha_markup_reader *reader);

#endif
