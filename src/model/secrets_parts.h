/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that search for secrets share; for them alone. */
#ifndef HA_MODEL_SECRETS_PARTS_H
#define HA_MODEL_SECRETS_PARTS_H

#include <pthread.h>
#include <stdint.h>

#include "model/secrets.h"

enum { HA_SECRET_BLOCKS = 65536, HA_SECRET_NONE = 0xffff };

/* One way in which one secret can be written. */
struct ha_secret_form {
    char *text;
    size_t len;
    uint32_t secret; /* position in `places` */
    uint16_t next;   /* another form whose window ends with the same block, or HA_SECRET_NONE */
};

/*
 * The tables are Wu and Manber's: SHIFT says for each pair of bytes how far the window of `least` bytes may move when it ends with that
 * pair; 0 means that it may end a form's beginning, and FIRST names the forms to compare.
 */
struct ha_secrets {
    pthread_mutex_t lock; /* a token is learnt by whoever fetches while another thread looks for it */
    char **places;
    size_t place_count;
    struct ha_secret_form *forms;
    size_t form_count;
    size_t least, most; /* lengths of the window and of the longest form */
    uint8_t shift[HA_SECRET_BLOCKS];
    uint16_t first[HA_SECRET_BLOCKS];
};

/* Between these two the secrets stay as they are. */
static inline void ha_secrets_lock(const struct ha_secrets *secrets)
{
    pthread_mutex_lock((pthread_mutex_t *)(uintptr_t)&secrets->lock);
}

static inline void ha_secrets_unlock(const struct ha_secrets *secrets)
{
    pthread_mutex_unlock((pthread_mutex_t *)(uintptr_t)&secrets->lock);
}

/* ---- secrets_find.c ---- */

/* Fills the tables anew. */
void ha_secrets_index(struct ha_secrets *secrets);

/* One character of TEXT without its escape: its bytes go to OUT, their number to *len (0 for what is dropped). Returns how many bytes it took. */
size_t ha_secret_unit(const char *text, size_t left, char out[4], size_t *len);

/*
 * TEXT without escapes into OUT, which has room for LEN bytes; returns its length. Backslashes are dropped wherever they stand, and a
 * percent sign may be encoded itself, so the result is the same however often the text was escaped.
 */
size_t ha_secret_unescape(const char *text, size_t len, char *out);

#endif
