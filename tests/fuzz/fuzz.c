/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inputs for fuzz targets: taken apart, copied so that no byte stands behind them, put into files that are nowhere on a disk; and what several
 * targets hold to be true.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <holdall/archive.h>

#include "base/text.h"

_Noreturn void fuzz_broken(const char *condition, const char *file, int line)
{
    fprintf(stderr, "%s:%d: it must be true that %s\n", file, line, condition);
    abort();
}

char *fuzz_text(const void *data, size_t len)
{
    char *text = malloc(len + 1);
    FUZZ_MUST(text);
    if (len > 0)
        memcpy(text, data, len);
    text[len] = '\0';
    return text;
}

uint8_t fuzz_byte(struct fuzz_input *input)
{
    if (input->left == 0)
        return 0;
    input->left--;
    return *input->at++;
}

char *fuzz_until(struct fuzz_input *input, char end)
{
    const uint8_t *found = input->left ? memchr(input->at, end, input->left) : NULL;
    size_t len = found ? (size_t)(found - input->at) : input->left;
    char *text = fuzz_text(input->at, len);
    size_t used = found ? len + 1 : len;
    input->at = used ? input->at + used : input->at;
    input->left -= used;
    return text;
}

char *fuzz_rest(struct fuzz_input *input)
{
    char *text = fuzz_text(input->at, input->left);
    input->left = 0;
    return text;
}

int fuzz_file(const void *data, size_t len, char path[64])
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    FUZZ_MUST(fd >= 0);
    for (size_t at = 0; at < len;) {
        ssize_t wrote = write(fd, (const char *)data + at, len - at);
        FUZZ_MUST(wrote > 0);
        at += (size_t)wrote;
    }
    snprintf(path, 64, "/proc/self/fd/%d", fd);
    return fd;
}

bool fuzz_is_inert(const char *text)
{
    uint32_t c;
    for (size_t len = strlen(text), used; len > 0; text += used, len -= used) {
        used = ha_utf8_decode(text, len, &c);
        if (used == 0 || c < 0x20 || (c >= 0x7f && c < 0xa0))
            return false;
    }
    return true;
}

void fuzz_check_json(const ha_json *value)
{
    struct ha_buf once HA_BUF = ha_buf_make(16 << 20), twice HA_BUF = ha_buf_make(16 << 20);
    HA_JSON ha_json *again = NULL;
    struct ha_error err;
    FUZZ_MUST(ha_json_write(value, &once, &err) == 0 && ha_buf_check(&once, "it", &err) == 0);
    FUZZ_MUST(ha_json_parse_data(ha_buf_text(&once), once.len, &again, &err) == 0);
    FUZZ_MUST(ha_json_equal(value, again));
    FUZZ_MUST(ha_json_write(again, &twice, &err) == 0);
    FUZZ_MUST(once.len == twice.len && memcmp(once.data, twice.data, once.len) == 0);
}

static void take_finding(void *context, const struct ha_finding *finding)
{
    uint64_t *findings = context;
    *findings += !finding->rule->warning;
    FUZZ_MUST(fuzz_is_inert(finding->path) && fuzz_is_inert(finding->at) && *finding->text &&
              fuzz_is_inert(finding->text));
    FUZZ_MUST(fuzz_is_inert(finding->expected) && fuzz_is_inert(finding->found));
}

static enum ha_code verify(struct ha_verify_options options, bool may_be_valid)
{
    uint64_t findings = 0;
    static struct ha_verify_result result; /* in place of a stack */
    struct ha_error err = {0};
    options.size = sizeof options;
    options.jobs = 1; /* starting threads takes longer than all the rest */
    options.finding = take_finding;
    options.context = &findings;
    int verdict = ha_verify(&options, &result, &err);
    FUZZ_MUST(verdict == 0 ? may_be_valid && findings == 0
                           : err.code != HA_E_OK && err.code != HA_E_INTERNAL);
    FUZZ_MUST((err.code == HA_E_INVALID) == (findings > 0) && findings == result.findings);
    return verdict == 0 ? HA_E_OK : err.code;
}

enum ha_code fuzz_verify(const char *path, const char *key)
{
    struct ha_error refused = {0};
    struct ha_trust *trust = ha_trust_new(&refused);
    FUZZ_MUST(trust && (!key || ha_trust_add_key(trust, key, &refused) == 0));
    enum ha_code code = verify((struct ha_verify_options){.path = path, .trust = trust}, key != NULL);
    ha_trust_free(trust);
    return code;
}

enum ha_code fuzz_verify_zip(const char *path)
{
    return verify((struct ha_verify_options){.path = path, .profile = HA_PROFILE_ZIP}, true);
}

enum ha_code fuzz_verify_bag(const char *path)
{
    return verify((struct ha_verify_options){.path = path, .profile = HA_PROFILE_BAGIT}, true);
}
