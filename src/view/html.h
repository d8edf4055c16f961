/* SPDX-License-Identifier: Apache-2.0 */
/* The one way in which anything gets into a page: escaped. */
#ifndef HA_VIEW_HTML_H
#define HA_VIEW_HTML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "view/catalogue.h"

/*
 * Appends LEN bytes as text of an element or of a quoted attribute. Markup becomes references, controls and characters that change the
 * direction of what follows become signs that can be seen, and bytes that are no UTF-8 become U+FFFD. A line's end of two characters becomes one.
 */
void ha_html_text(struct ha_buf *out, const char *text, size_t len);

/* The same for a C string, which may be NULL: nothing. */
void ha_html_say(struct ha_buf *out, const char *text);

/* Whether TEXT, which may be NULL, has anything that can be seen: nothing else can be a heading, or stand for a picture. */
bool ha_html_shows(const char *text);

/*
 * Words that are not holdall's own, in a <bdi> of their own. LANG is the tag of their language, "" when nobody knows it, so that a screen reader
 * does not pronounce them as if they were the page's, and NULL when they are in the page's or in none.
 */
void ha_html_own(struct ha_buf *out, const char *text, size_t len, const char *lang);

/* The same, but cut after MOST characters, with an ellipsis. */
void ha_html_cut(struct ha_buf *out, const char *text, size_t most, const char *lang);

/* TAG where it has the form of a language tag (RFC 5646), else "": what a service calls a language may be any text. TAG may be NULL. */
const char *ha_html_language(const char *tag);

/* The same for an attribute, or a title: without a <bdi>, and with blanks for line breaks. */
void ha_html_line(struct ha_buf *out, const char *text, size_t most);

/* A text of the catalogue with COUNT values in it; each value is escaped, and words that are not holdall's are in a <bdi>. */
void ha_html_with(struct ha_buf *out, const struct ha_catalogue *say, enum ha_text id,
                  const struct ha_said *values, size_t count);

/* The same for one value. */
void ha_html_with_one(struct ha_buf *out, const struct ha_catalogue *say, enum ha_text id, const char *name,
                      const char *value);

/* A text of the catalogue with a number in it, {count}. */
void ha_html_count(struct ha_buf *out, const struct ha_catalogue *say, enum ha_text id, long long count);

/* A time of the form of RFC 3339 in UTC, labelled so. */
void ha_html_time(struct ha_buf *out, const char *text);

/* Bytes, as a person reads them. */
void ha_html_size(struct ha_buf *out, long long bytes);

#endif
