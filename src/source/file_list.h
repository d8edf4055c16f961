/* SPDX-License-Identifier: Apache-2.0 */
/* Lists the keys of a folder, as an object store lists those of a bucket. */
#ifndef HA_SOURCE_FILE_LIST_H
#define HA_SOURCE_FILE_LIST_H

#include "source/source.h"

/* Opens PATH below the folder ROOT with the flags HOW: no "..", no symbolic link on the way. -1 with errno set. */
int ha_file_open_below(int root, const char *path, int flags);

/* What errno says of something below the root; always -1. Errors call it NAME. */
int ha_file_refuse(int error, const char *name, struct ha_error *err);

/*
 * One page of the keys below the folder ROOT that begin with PREFIX, into ANSWER: the first ones behind the key AFTER (NULL: from the beginning).
 * The token of the next page is the last key of this one.
 */
int ha_file_list(int root, const char *prefix, const char *after, struct ha_answer *answer,
                 struct ha_error *err);

#endif
