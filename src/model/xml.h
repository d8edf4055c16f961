/* SPDX-License-Identifier: Apache-2.0 */
/* The XML answers of object stores (XML 1.0, fifth edition): elements, their attributes and their text, and nothing else. */
#ifndef HA_MODEL_XML_H
#define HA_MODEL_XML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum {
    HA_XML_DEPTH_MAX = 32,      /* elements inside each other */
    HA_XML_TEXT_MAX = 64 * 1024 /* bytes of one element's text */
};

/*
 * Who reads. PATH is the local names from the root on, joined by "/": "ListBucketResult/Contents/Key". Each function may be NULL, and ends the
 * reading with -1 and an error. What it is given lives until it returns.
 */
struct ha_xml_reader {
    /* At each start tag, parents before children. */
    int (*begin)(void *context, const char *path, struct ha_error *err);
    /*
     * At each end tag, children before parents. TEXT is the element's own character data as UTF-8, entities resolved, LEN bytes and a NUL: that
     * of its children does not count, nor does white space that only keeps them apart.
     */
    int (*end)(void *context, const char *path, const char *text, size_t len, struct ha_error *err);
    void *context;
    /* After `begin`, for each attribute of that tag: its local NAME, and its VALUE with entities resolved. */
    int (*attribute)(void *context, const char *path, const char *name, const char *value,
                     struct ha_error *err);
};

/*
 * Reads one whole document of LEN bytes in UTF-8. Prefixes of names are left out; white space may stand before the document. What is
 * malformed, has a document type, says that it is in another encoding, or is beyond the limits above, is HA_E_FORMAT with its line. READER may
 * have been called before that shows.
 */
int ha_xml_read(const char *text, size_t len, const struct ha_xml_reader *reader, struct ha_error *err);

/*
 * Writes the text of the first element with this PATH ("Error/Code") to OUT of SIZE bytes, with a NUL. False, and OUT empty, where there is none, where it does
 * not fit, and where the document cannot be read as a whole.
 */
bool ha_xml_text_of(const char *text, size_t len, const char *path, char *out, size_t size);

#endif
