/* SPDX-License-Identifier: Apache-2.0 */
/* Names inside the archive: safe, unique and readable (formats/SPEC.md, "Names inside"). */
#ifndef HA_MODEL_NAMING_H
#define HA_MODEL_NAMING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/time.h"

/*
 * Folds TEXT (UTF-8, LEN bytes, may hold anything) to a slug of [a-z0-9-]: compatibility decomposition, case folding,
 * marks dropped, everything else a single "-", none at the ends, at most SIZE-1 bytes, cut at a word where one ends in
 * the second half. May be empty. Only the first few hundred characters of TEXT are looked at.
 */
void ha_slug(const char *text, size_t len, char *out, size_t size);

/* What a media path is made of. */
struct ha_media_name {
    const char *role;
    ha_time time;          /* HA_TIME_NONE: below undated/ */
    const char *text;      /* title, prompt or original name that gives the slug; NULL for none */
    const char *id;        /* hex digits, at least 8, that make the name unique */
    const char *extension; /* without a dot */
};

enum { HA_MEDIA_DATE_SIZE = 64 };

/* The part of a media path that its time gives: "YYYY/MM/YYYYMMDD-" or "undated/". */
void ha_media_date(ha_time time, char out[HA_MEDIA_DATE_SIZE]);

/*
 * Writes "data/media/ROLE/YYYY/MM/YYYYMMDD-SLUG-ID.EXT" or "data/media/ROLE/undated/SLUG-ID.EXT" (the slug and its "-"
 * left out when it is empty). The last component is at most 64 bytes less RESERVE (room for a suffix such as ".xmp"),
 * the slug giving way. The path is at most SIZE-1 bytes; too small a SIZE is HA_E_LIMIT.
 */
int ha_media_path(const struct ha_media_name *name, size_t reserve, char *out, size_t size,
                  struct ha_error *err);

/* What may be wrong with a name; each is a rule of its own. */
enum ha_name_fault {
    HA_NAME_GOOD,
    HA_NAME_ENCODING,  /* it is not UTF-8 */
    HA_NAME_CHARACTER, /* a character that is not allowed */
    HA_NAME_PATH,      /* it is absolute, or has a component that is empty or stands for another place */
    HA_NAME_LENGTH,    /* it, or a component, is too long, or it is empty */
    HA_NAME_RESERVED   /* some system cannot have it, or takes it for something else */
};

/* The first rule that PATH breaks, with a clause that follows "the name", TOP being the length of the top directory with its slash. */
enum ha_name_fault ha_path_fault(const char *path, size_t top, const char **clause);

/* The same of a name that others gave, of LEN bytes of any value: what no reader may write to a disk. A "/" at its end is that of a directory. */
enum ha_name_fault ha_foreign_fault(const char *name, size_t len, const char **clause);

/*
 * 0 when PATH obeys every rule for names inside the archive, TOP being the length of the top directory with its slash;
 * else -1 with HA_E_PATH and the rule that it breaks.
 */
int ha_path_check(const char *path, size_t top, struct ha_error *err);

/*
 * A key under which two names that a file system may take for the same are equal: NFC after full case folding
 * (utf8proc). In memory of its own, or NULL when memory ran out or PATH is no UTF-8.
 */
char *ha_path_fold(const char *path);

/* The same for two names that differ in the form of Unicode alone (NFC). */
char *ha_path_compose(const char *path);

#endif
