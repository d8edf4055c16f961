/* SPDX-License-Identifier: Apache-2.0 */
/* Keys documents and when a key may have signed, at the edges: without an archive around them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "verify/trust.h"

#define KEY "RWRk0BcOa8fsVPX09AowSZ+Y6CZzqcr/ln+sZELz2iMw1zAP1swdiH8B"
#define OTHER "RWSZ81WDd+HIsFb26QRPvqnqAx5o08cGqTxCdFBxdk6svIqV9cKyptxK"
#define ENTRY(members) \
    "{\"id\":\"54ECC76B0E17D064\",\"key\":\"" KEY "\",\"valid_from\":\"2020-01-01T00:00:00Z\"" members "}"
#define THE_OTHER \
    "{\"id\":\"B0C8E1778355F399\",\"key\":\"" OTHER "\",\"valid_from\":\"2020-01-01T00:00:00Z\"}"
#define DOCUMENT(keys) "{\"format\":\"holdall-keys-1\",\"services\":[\"claakit\"],\"keys\":[" keys "]}"
#define REVOKED(reason) ENTRY(",\"revoked\":{\"at\":\"2021-01-01T00:00:00Z\",\"reason\":\"" reason "\"}")

#define Y2020 INT64_C(1577836800000) /* 2020-01-01T00:00:00Z, as date -d prints it */
#define Y2021 INT64_C(1609459200000)

static struct ha_trust *trust_new(void)
{
    struct ha_error err;
    struct ha_trust *trust = ha_trust_new(&err);
    assert_non_null(trust);
    return trust;
}

static void add(struct ha_trust *trust, const char *text)
{
    struct ha_error err;
    if (ha_trust_add_document(trust, text, strlen(text), &err))
        fail_msg("%s", err.text);
}

static void refuse(struct ha_trust *trust, const char *text, size_t len, const char *words)
{
    struct ha_error err;
    size_t count = ha_trust_count(trust);
    assert_int_equal(ha_trust_add_document(trust, text, len, &err), -1);
    assert_int_equal(err.code, HA_E_KEY);
    if (!strstr(err.text, words))
        fail_msg("\"%s\" does not say \"%s\"", err.text, words);
    assert_int_equal(ha_trust_count(trust), count);
}

static void keep_rule(void *context, const struct ha_finding *finding)
{
    const char **rule = context;
    assert_null(*rule); /* never more than one */
    *rule = finding->rule->id;
}

/* The rule that forbids KEY to have signed this; "" when it may. */
static const char *judge(const struct ha_trust *trust, const char *service, ha_time as_of)
{
    const char *rule = NULL;
    struct ha_findings findings = {keep_rule, &rule, 0, 0};
    const struct ha_signed what = {"s", service, as_of};
    struct ha_error err;
    struct ha_pubkey key;
    assert_int_equal(ha_pubkey_parse(KEY, &key, &err), 0);
    bool allowed = ha_trust_allows(trust, &key, &what, &findings);
    assert_int_equal(allowed, rule == NULL);
    return rule ? rule : "";
}

static const char *judge_document(const char *text, const char *service, ha_time as_of)
{
    struct ha_trust *trust = trust_new();
    add(trust, text);
    const char *rule = judge(trust, service, as_of);
    ha_trust_free(trust);
    return rule;
}

static void a_document_that_is_refused_adds_nothing(void **state)
{
    static const char broken[] = DOCUMENT(THE_OTHER "," ENTRY("") "," ENTRY(""));
    struct ha_trust *trust = trust_new();
    (void)state;
    add(trust, DOCUMENT(ENTRY("")));
    refuse(trust, broken, strlen(broken), "/keys/2: the id 54ECC76B0E17D064 is there twice");
    refuse(trust, "{", 1, "keys document");
    refuse(trust, "", 0, "keys document");
    refuse(trust, DOCUMENT(ENTRY(",\"valid_until\":\"2020-01-01T00:00:00Z\"")),
           strlen(DOCUMENT(ENTRY(",\"valid_until\":\"2020-01-01T00:00:00Z\""))), "is not after valid_from");
    assert_string_equal(judge(trust, "claakit", Y2020), "");
    ha_trust_free(trust);
}

static void a_document_has_a_bound(void **state)
{
    static const char text[] = DOCUMENT(ENTRY(""));
    struct ha_trust *trust = trust_new();
    struct ha_error err;
    char *large = malloc(HA_TRUST_DOCUMENT_MAX + 1);
    (void)state;
    assert_non_null(large);
    memset(large, ' ', HA_TRUST_DOCUMENT_MAX + 1);
    memcpy(large, text, strlen(text));
    refuse(trust, large, HA_TRUST_DOCUMENT_MAX + 1, "larger than");
    assert_int_equal(ha_trust_add_document(trust, large, HA_TRUST_DOCUMENT_MAX, &err), 0);
    free(large);
    ha_trust_free(trust);
}

static void a_key_by_itself_has_no_bounds(void **state)
{
    struct ha_trust *trust = trust_new();
    struct ha_error err;
    (void)state;
    assert_int_equal(ha_trust_count(NULL), 0);
    assert_int_equal(ha_trust_add_key(trust, "RWQ", &err), -1);
    assert_int_equal(err.code, HA_E_KEY);
    assert_int_equal(ha_trust_add_key(trust, KEY, &err), 0);
    assert_int_equal(ha_trust_count(trust), 1);
    assert_string_equal(judge(trust, "any", HA_TIME_MIN), "");
    assert_string_equal(judge(trust, "any", HA_TIME_MAX), "");
    assert_string_equal(judge(trust, "", HA_TIME_NONE), "");
    ha_trust_free(trust);
}

static void times_count_to_the_millisecond(void **state)
{
    static const char text[] = DOCUMENT(ENTRY(",\"valid_until\":\"2021-01-01T00:00:00Z\""));
    (void)state;
    assert_string_equal(judge_document(text, "claakit", Y2020 - 1), "sign.period");
    assert_string_equal(judge_document(text, "claakit", Y2020), "");
    assert_string_equal(judge_document(text, "claakit", Y2021 - 1), "");
    assert_string_equal(judge_document(text, "claakit", Y2021), "sign.period");
    assert_string_equal(judge_document(text, "claakit", HA_TIME_NONE), "sign.period");
}

static void a_revocation_counts_as_its_reason_says(void **state)
{
    static const char *const others[] = {DOCUMENT(REVOKED("superseded")), DOCUMENT(REVOKED("retired"))};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(judge_document(others[i], "claakit", Y2021 - 1), "");
        assert_string_equal(judge_document(others[i], "claakit", Y2021), "sign.revoked");
        assert_string_equal(judge_document(others[i], "claakit", HA_TIME_NONE), "sign.revoked");
    }
    assert_string_equal(judge_document(DOCUMENT(REVOKED("compromised")), "claakit", Y2020), "sign.revoked");
    assert_string_equal(judge_document(DOCUMENT(REVOKED("compromised")), "tinbox", Y2020), "sign.revoked");
}

static void services_are_whole_words(void **state)
{
    (void)state;
    assert_string_equal(judge_document(DOCUMENT(ENTRY("")), "claakit", Y2020), "");
    assert_string_equal(judge_document(DOCUMENT(ENTRY("")), "claakit-eu", Y2020), "sign.service");
    assert_string_equal(judge_document(DOCUMENT(ENTRY("")), "claaki", Y2020), "sign.service");
    assert_string_equal(judge_document(DOCUMENT(ENTRY("")), "", Y2020), "");
}

static void all_keys_of_one_id_are_found(void **state)
{
    struct ha_trust *trust = trust_new();
    struct ha_pubkey key, other;
    struct ha_error err;
    struct ha_buf HA_BUF text = ha_buf_make(1024);
    size_t at = 0;
    (void)state;
    assert_int_equal(ha_pubkey_parse(KEY, &key, &err), 0);
    assert_int_equal(ha_pubkey_parse(OTHER, &other, &err), 0);
    memcpy(other.id, key.id, sizeof other.id);
    assert_int_equal(ha_pubkey_format(&other, &text, &err), 0);
    assert_int_equal(ha_trust_add_key(trust, OTHER, &err), 0);
    assert_int_equal(ha_trust_add_key(trust, ha_buf_text(&text), &err), 0);
    assert_int_equal(ha_trust_add_key(trust, KEY, &err), 0);
    assert_memory_equal(ha_trust_next(trust, key.id, &at)->key, other.key, sizeof key.key);
    assert_memory_equal(ha_trust_next(trust, key.id, &at)->key, key.key, sizeof key.key);
    assert_null(ha_trust_next(trust, key.id, &at));
    ha_trust_free(trust);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_that_is_refused_adds_nothing),
        cmocka_unit_test(a_document_has_a_bound),
        cmocka_unit_test(a_key_by_itself_has_no_bounds),
        cmocka_unit_test(times_count_to_the_millisecond),
        cmocka_unit_test(a_revocation_counts_as_its_reason_says),
        cmocka_unit_test(services_are_whole_words),
        cmocka_unit_test(all_keys_of_one_id_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
