/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a bag that anybody may have made, and what its lists say of them: by name, in a temporary file. */
#ifndef HA_ARCHIVE_FILES_H
#define HA_ARCHIVE_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct ha_files;

/* One file. Its name is below the bag, and bytes of any value. */
struct ha_file {
    int64_t id;       /* from 1 */
    const char *path; /* with a NUL at its end; lives until the visit returns */
    size_t path_len;
    uint64_t size;
    uint64_t at, packed; /* in a ZIP: where its bytes lie, and how many */
    uint32_t crc;
    uint16_t method;
};

/* One line of a list, by the number of that list, which is the caller's. */
struct ha_listed {
    int list;
    const char *path;
    size_t path_len;
    int64_t file;     /* the file that is meant, 0: there is none */
    const void *hash; /* as the line states it */
    size_t hash_len;
    uint64_t line;
};

typedef int (*ha_file_visit)(void *context, const struct ha_file *file, struct ha_error *err);
typedef int (*ha_listed_visit)(void *context, const struct ha_listed *listed, struct ha_error *err);

int ha_files_open(struct ha_files **out, struct ha_error *err);
void ha_files_close(struct ha_files *files); /* NULL is fine */

int ha_files_add(struct ha_files *files, const struct ha_file *file, struct ha_error *err);

/* The file of exactly this name, or (COMPOSED) of one that differs in the form of Unicode alone; out->id is 0 when there is none. There is no path in *out. */
int ha_files_find(struct ha_files *files, const char *path, size_t len, bool composed, struct ha_file *out,
                  struct ha_error *err);

/* Every file, in the order of names. */
int ha_files_each(struct ha_files *files, ha_file_visit visit, void *context, struct ha_error *err);

/* Every file whose name another one has as well, without regard to case and to the form of Unicode. */
int ha_files_each_twin(struct ha_files *files, ha_file_visit visit, void *context, struct ha_error *err);

/* Every file below data/ (PAYLOAD) or beside it that LIST does not list; LIST -1: none of the lists below MAX. */
int ha_files_each_unlisted(struct ha_files *files, bool payload, int list, int max, ha_file_visit visit,
                           void *context, struct ha_error *err);

/* How many files there are below data/, and their bytes. */
int ha_files_payload(struct ha_files *files, uint64_t *count, uint64_t *bytes, struct ha_error *err);

/* Adds a line; *twice when the list has this path, or this file, already: then it is left out. */
int ha_files_list(struct ha_files *files, const struct ha_listed *listed, bool *twice, struct ha_error *err);

/* True when LIST lists PATH. */
int ha_files_is_listed(struct ha_files *files, int list, const char *path, size_t len, bool *is,
                       struct ha_error *err);

/* The lines about FILE, or all that mean none (0), in the order of lists. */
int ha_files_each_listed(struct ha_files *files, int64_t file, ha_listed_visit visit, void *context,
                         struct ha_error *err);

/* The lines of one list. */
int ha_files_each_of(struct ha_files *files, int list, ha_listed_visit visit, void *context,
                     struct ha_error *err);

#endif
