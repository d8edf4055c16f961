/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves that the policy is the table that it is described as, and, by simulated runs, that a dead service ends one soon and a shaky one
 * does not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "net/retry.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

static uint64_t random_state;

/* xorshift64*: the same numbers in every run. */
static uint32_t roll(void)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (uint32_t)(random_state * UINT64_C(2685821657736338717) >> 32);
}

static void seed(uint64_t number)
{
    random_state = number * UINT64_C(0x9e3779b97f4a7c15) + 1;
    for (int i = 0; i < 8; i++)
        roll();
}

/* ---------------------------------------------------------------------------------------------- the table */

static void only_what_may_pass_is_tried_again(void **state)
{
    static const int codes[] = {
#define CODE(name, value, word, exit_status, meaning) HA_E_##name,
        HA_ERROR_CODES(CODE)
#undef CODE
    };
    static const int passing[] = {408, 425, 429, 500, 502, 503, 504};

    (void)state;
    for (int status = 100; status <= 599; status++) {
        bool worth = status < 300; /* the answer broke off */
        for (size_t i = 0; i < COUNT(passing); i++)
            worth = worth || status == passing[i];
        for (size_t i = 0; i < COUNT(codes); i++)
            assert_int_equal(ha_retry_worth((enum ha_code)codes[i], status),
                             worth && codes[i] == HA_E_UNAVAILABLE);
    }
    for (size_t i = 0; i < COUNT(codes); i++)
        assert_int_equal(ha_retry_worth((enum ha_code)codes[i], 0), codes[i] == HA_E_UNAVAILABLE);
    assert_false(ha_retry_worth(HA_E_UNAVAILABLE, 600));
    assert_false(ha_retry_worth(HA_E_UNAVAILABLE, 999));
}

static int64_t most_after(int attempt)
{
    int64_t most = HA_RETRY_BASE_MS;

    for (int i = 1; i < attempt && most < HA_RETRY_CAP_MS; i++)
        most *= 2;
    return most < HA_RETRY_CAP_MS ? most : HA_RETRY_CAP_MS;
}

static void waits_stay_within_their_bounds(void **state)
{
    static const int64_t due[] = {500, 1000, 2000, 4000, 8000, 16000, 20000, 20000};

    (void)state;
    for (int attempt = 1; attempt <= 200; attempt++) {
        int64_t most = most_after(attempt);
        if (attempt <= (int)COUNT(due))
            assert_int_equal(most, due[attempt - 1]);
        assert_int_equal(ha_retry_wait_ms(attempt, 0), 0);
        assert_int_equal(ha_retry_wait_ms(attempt, UINT32_MAX), most - 1);
        assert_int_equal(ha_retry_wait_ms(attempt, UINT32_C(1) << 31), most / 2);
    }
    assert_int_equal(ha_retry_wait_ms(INT32_MAX, UINT32_MAX), HA_RETRY_CAP_MS - 1);
    assert_int_equal(ha_retry_wait_ms(0, UINT32_MAX), HA_RETRY_BASE_MS - 1);
    assert_int_equal(ha_retry_wait_ms(-1, UINT32_MAX), HA_RETRY_BASE_MS - 1);
}

/* Chi-square over 20 parts: 43.8 would come about once in a thousand seeds. */
static void waits_are_equally_spread(void **state)
{
    enum { PARTS = 20, ROLLS = 100000 };

    (void)state;
    seed(1);
    for (int attempt = 1; attempt <= 8; attempt++) {
        int counts[PARTS] = {0};
        double distance = 0, expected = (double)ROLLS / PARTS;
        for (int i = 0; i < ROLLS; i++)
            counts[ha_retry_wait_ms(attempt, roll()) * PARTS / most_after(attempt)]++;
        for (int i = 0; i < PARTS; i++)
            distance += (counts[i] - expected) * (counts[i] - expected) / expected;
        assert_true(distance < 43.8);
    }
}

static void retry_after_is_a_number_or_a_date(void **state)
{
    static const struct {
        const char *value;
        long due;
    } list[] = {
        {"0", 0},
        {"1", 1},
        {"120", 120},
        {"0120", 120},
        {"1000000000", HA_RETRY_AFTER_MAX_S},
        {"1000000001", HA_RETRY_AFTER_MAX_S},
        {"18446744073709551616", HA_RETRY_AFTER_MAX_S},
        {"99999999999999999999999999999999999999999999999999", HA_RETRY_AFTER_MAX_S},
        {"Sun, 06 Nov 1994 08:49:37 GMT", 60},
        {"Sunday, 06-Nov-94 08:49:37 GMT", 60},
        {"Sun Nov  6 08:49:37 1994", 60},
        {"Sun, 06 Nov 1994 08:48:38 GMT", 1},
        {"Sun, 06 Nov 1994 08:48:37 GMT", 0}, /* now */
        {"Sun, 06 Nov 1994 08:48:36 GMT", 0},
        {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
        {"Sat, 01 Jan 0000 00:00:00 GMT", 0},
        {"Fri, 31 Dec 9999 23:59:59 GMT", HA_RETRY_AFTER_MAX_S},
        {"-1", -1},
        {"+1", -1},
        {"1.5", -1},
        {"1e3", -1},
        {"0x10", -1},
        {" 1", -1},
        {"1 ", -1},
        {"1s", -1},
        {"1, 2", -1},
        {"soon", -1},
        {"", -1},
        {"Sun, 06 Nov 1994 08:49:37", -1},
        {"Sun, 31 Nov 1994 08:49:37 GMT", -1},
        {"1994-11-06T08:49:37Z", -1},
    };
    ha_time now;

    (void)state;
    assert_int_equal(ha_time_parse("1994-11-06T08:48:37Z", &now), 0);
    for (size_t i = 0; i < COUNT(list); i++) {
        if (ha_retry_after(list[i].value, now) != list[i].due)
            fail_msg("%s: %ld", list[i].value, ha_retry_after(list[i].value, now));
    }
    assert_int_equal(ha_retry_after("Sun, 06 Nov 1994 08:48:38 GMT", now + 1), 1); /* rounded up */
}

/* ------------------------------------------------------------------------------------- budget and circuit */

static void retries_cost_and_successes_give_a_part_back(void **state)
{
    struct ha_retry_state retry;

    (void)state;
    ha_retry_init(&retry, 0);
    ha_retry_succeeded(&retry, 0);
    assert_int_equal(retry.budget, HA_RETRY_BUDGET); /* never above the start */
    for (int i = 0; i < HA_RETRY_BUDGET / HA_RETRY_COST; i++) {
        assert_true(ha_retry_failed(&retry, 0));
        assert_int_equal(retry.budget, HA_RETRY_BUDGET - (i + 1) * HA_RETRY_COST);
        ha_retry_answered(&retry, 0);
    }
    assert_false(ha_retry_failed(&retry, 0));
    assert_false(retry.dead);
    for (int i = 0; i < HA_RETRY_COST / HA_RETRY_GAIN; i++) {
        assert_false(ha_retry_failed(&retry, 0));
        ha_retry_succeeded(&retry, 0);
    }
    assert_true(ha_retry_failed(&retry, 0));
    assert_false(ha_retry_failed(&retry, 0));
    for (int i = 0; i < HA_RETRY_BUDGET; i++)
        ha_retry_succeeded(&retry, 0);
    assert_int_equal(retry.budget, HA_RETRY_BUDGET);
}

static void failures_in_a_row_open_the_circuit_for_good(void **state)
{
    struct ha_retry_state retry;
    int64_t now = 0;

    (void)state;
    ha_retry_init(&retry, now);
    for (int i = 0; i < HA_RETRY_CIRCUIT - 1; i++)
        assert_true(ha_retry_failed(&retry, now += HA_RETRY_TOGETHER_MS));
    ha_retry_succeeded(&retry, now);
    for (int i = 0; i < HA_RETRY_CIRCUIT - 1; i++)
        assert_true(ha_retry_failed(&retry, now += HA_RETRY_TOGETHER_MS));
    assert_false(retry.dead);
    assert_false(ha_retry_failed(&retry, now += HA_RETRY_TOGETHER_MS));
    assert_true(retry.dead);
    for (int i = 0; i < 1000; i++)
        ha_retry_succeeded(&retry, ++now);
    assert_true(retry.dead);
    assert_false(ha_retry_failed(&retry, ++now));
}

static void bytes_alone_do_not_close_the_row(void **state)
{
    struct ha_retry_state retry;
    int64_t now = 0;

    (void)state;
    ha_retry_init(&retry, now);
    for (int i = 0; i < HA_RETRY_CIRCUIT; i++) {
        ha_retry_alive(&retry, now);
        ha_retry_failed(&retry, now += HA_RETRY_TOGETHER_MS);
    }
    assert_true(retry.dead);
}

static void one_fault_of_many_transfers_counts_once(void **state)
{
    struct ha_retry_state retry;

    (void)state;
    ha_retry_init(&retry, 0);
    for (int i = 0; i < 64; i++)
        assert_true(ha_retry_failed(&retry, 1000 + i));
    assert_int_equal(retry.failures, 1);
    assert_int_equal(retry.budget, HA_RETRY_BUDGET - 64 * HA_RETRY_COST);
    while (retry.budget >= HA_RETRY_COST)
        assert_true(ha_retry_failed(&retry, 1064));
    for (int i = 1; i < HA_RETRY_CIRCUIT; i++)
        assert_false(ha_retry_failed(&retry, 1064));
    assert_true(retry.dead); /* at one instant, for nothing is left that could wait */
}

static void silence_opens_the_circuit(void **state)
{
    struct ha_retry_state retry;

    (void)state;
    ha_retry_init(&retry, 0);
    assert_true(ha_retry_failed(&retry, 1000));
    assert_true(ha_retry_failed(&retry, HA_RETRY_SILENCE_MS));
    assert_false(ha_retry_failed(&retry, HA_RETRY_SILENCE_MS + 1));
    assert_true(retry.dead);

    ha_retry_init(&retry, 0);
    ha_retry_alive(&retry, 1000);
    assert_true(ha_retry_failed(&retry, 2000));
    assert_true(ha_retry_failed(&retry, HA_RETRY_SILENCE_MS + 1000));
    assert_false(ha_retry_failed(&retry, HA_RETRY_SILENCE_MS + 1001));
}

/* The run did something else for a minute and finds that all its connections are gone. */
static void one_fault_is_no_silence(void **state)
{
    struct ha_retry_state retry;

    (void)state;
    ha_retry_init(&retry, 0);
    for (int i = 0; i < 16; i++)
        assert_true(ha_retry_failed(&retry, 2 * HA_RETRY_SILENCE_MS));
    ha_retry_succeeded(&retry, 2 * HA_RETRY_SILENCE_MS + 500);
    assert_false(retry.dead);
}

/* Nobody was asked for an hour: that is not the service's silence. But once something failed, a new attempt is no sign of life. */
static void whom_nobody_asked_was_not_silent(void **state)
{
    struct ha_retry_state retry;

    (void)state;
    ha_retry_init(&retry, 0);
    ha_retry_begins(&retry, 3600000);
    assert_true(ha_retry_failed(&retry, 3600100));
    assert_true(ha_retry_failed(&retry, 3600500));
    ha_retry_begins(&retry, 3650000);
    assert_true(ha_retry_failed(&retry, 3600000 + HA_RETRY_SILENCE_MS));
    assert_false(ha_retry_failed(&retry, 3600001 + HA_RETRY_SILENCE_MS));
}

/* Sixteen transfers that are told to wait for as long as anyone may be told, again and again; then one is refused in another way. */
static void who_asks_to_wait_is_alive(void **state)
{
    struct ha_retry_state retry;
    int64_t now = 0;

    (void)state;
    ha_retry_init(&retry, 0);
    for (int round = 0; round < 6; round++) {
        for (int i = 0; i < 16; i++) {
            now += HA_RETRY_TOGETHER_MS;
            ha_retry_answered(&retry, now + HA_RETRY_PATIENCE_S * 1000);
            assert_true(ha_retry_failed(&retry, now));
        }
        now += HA_RETRY_PATIENCE_S * 1000;
        ha_retry_begins(&retry, now);
    }
    assert_true(ha_retry_failed(&retry, now + 1000));
    assert_false(retry.dead);
    ha_retry_succeeded(&retry, now);
    ha_retry_alive(&retry, now - 5000); /* what comes late takes nothing back */
    assert_true(ha_retry_failed(&retry, now + HA_RETRY_SILENCE_MS));
}

/* --------------------------------------------------------------------------------------- simulated runs */

/* A service, and how a run calls it. */
struct world {
    int transfers;
    int64_t answer_ms;  /* how long an attempt takes */
    uint32_t per_mille; /* attempts that fail */
    int64_t pause_ms;   /* between the starts of two requests, over all transfers; 0: none */
    int64_t requests;   /* after so many the run has what it wants */
};

struct outcome {
    int64_t ended_ms, succeeded, given_up;
    int least; /* of the budget */
    bool dead, refused /* for want of a budget */;
};

struct transfer {
    int64_t due;
    int attempts;
    bool running;
};

enum { MOST_TRANSFERS = 64 };

static void begin(const struct world *world, struct transfer *transfer, struct ha_retry_state *retry,
                  int64_t *gate)
{
    if (*gate > transfer->due) {
        transfer->due = *gate;
        return;
    }
    *gate = transfer->due + world->pause_ms;
    ha_retry_begins(retry, transfer->due);
    transfer->running = true;
    transfer->due += world->answer_ms;
}

/* As a client does it: a budget is asked for each failed attempt, the last one of a request included. */
static void finish(const struct world *world, struct transfer *transfer, struct ha_retry_state *retry,
                   struct outcome *outcome)
{
    transfer->running = false;
    if (roll() % 1000 >= world->per_mille) {
        ha_retry_succeeded(retry, transfer->due);
        outcome->succeeded++;
        transfer->attempts = 0;
        return;
    }
    bool more = ha_retry_failed(retry, transfer->due);
    outcome->refused = outcome->refused || (!more && !retry->dead);
    if (!more || ++transfer->attempts >= HA_RETRY_TRIES) {
        outcome->given_up++;
        transfer->attempts = 0;
        return;
    }
    transfer->due += ha_retry_wait_ms(transfer->attempts, roll());
}

static struct outcome run(const struct world *world, uint64_t number)
{
    struct outcome outcome = {.least = HA_RETRY_BUDGET};
    struct transfer transfers[MOST_TRANSFERS] = {0};
    struct ha_retry_state retry;
    int64_t gate = 0;

    seed(number);
    ha_retry_init(&retry, 0);
    while (!retry.dead && outcome.succeeded + outcome.given_up < world->requests) {
        struct transfer *next = transfers;
        for (int i = 1; i < world->transfers; i++)
            next = transfers[i].due < next->due ? transfers + i : next;
        outcome.ended_ms = next->due;
        if (next->running)
            finish(world, next, &retry, &outcome);
        else
            begin(world, next, &retry, &gate);
        outcome.least = retry.budget < outcome.least ? retry.budget : outcome.least;
    }
    outcome.dead = retry.dead;
    return outcome;
}

enum { SEEDS = 50, SOON_MS = 90000, ENDLESS = 100000 };

static void a_dead_service_ends_the_run_soon(void **state)
{
    static const struct world list[] = {
        {1, 0, 1000, 0, ENDLESS}, /* connections are refused at once */
        {16, 0, 1000, 0, ENDLESS},
        {64, 0, 1000, 0, ENDLESS},
        {1, 30000, 1000, 0, ENDLESS}, /* every attempt stalls */
        {16, 30000, 1000, 0, ENDLESS},
        {64, 30000, 1000, 0, ENDLESS},
        {1, 10000, 1000, 0, ENDLESS}, /* no connection comes about */
        {16, 10000, 1000, 0, ENDLESS},
        {1, 50, 1000, 0, ENDLESS}, /* HTTP 503 */
        {16, 50, 1000, 0, ENDLESS},
        {16, 30000, 1000, 1000, ENDLESS}, /* the same, and one request a second */
        {64, 30000, 1000, 1000, ENDLESS},
        {16, 0, 1000, 1000, ENDLESS},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(list); i++) {
        for (uint64_t number = 1; number <= SEEDS; number++) {
            struct outcome outcome = run(&list[i], number);
            if (!outcome.dead || outcome.ended_ms >= SOON_MS)
                fail_msg("world %zu, seed %d: dead %d after %d ms", i, (int)number, outcome.dead,
                         (int)outcome.ended_ms);
            assert_int_equal(outcome.succeeded, 0);
        }
    }
}

/* Sixteen transfers fail together and try again: before the service counts as dead it has had two seconds to come back. */
static void a_short_outage_does_not_end_the_run(void **state)
{
    static const struct world dead = {16, 0, 1000, 0, ENDLESS};

    (void)state;
    for (uint64_t number = 1; number <= SEEDS; number++) {
        assert_true(run(&dead, number).ended_ms >= 2000);
    }
}

static void a_shaky_service_is_used_to_the_end(void **state)
{
    static const struct world list[] = {
        {1, 50, 50, 0, 100000}, {16, 50, 50, 0, 100000}, {1, 50, 300, 0, 2000},
        {16, 50, 300, 0, 2000}, {64, 50, 300, 0, 2000},  {16, 50, 300, 0, 20000},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(list); i++) {
        for (uint64_t number = 1; number <= 10; number++) {
            struct outcome outcome = run(&list[i], number);
            if (outcome.dead || outcome.refused || outcome.least < HA_RETRY_COST)
                fail_msg("world %zu, seed %d: dead %d, budget %d", i, (int)number, outcome.dead,
                         outcome.least);
            assert_int_equal(outcome.succeeded + outcome.given_up, list[i].requests);
            /* five attempts fail as often as chance has it, and no more often */
            assert_true(outcome.given_up <= list[i].requests / 200);
        }
    }
}

/* A service of which half of all requests fail is not asked twice as often: the budget ends, and with it the retries. */
static void a_sick_service_is_not_hammered(void **state)
{
    static const struct world sick = {16, 50, 600, 0, 5000};

    (void)state;
    for (uint64_t number = 1; number <= 10; number++) {
        struct outcome outcome = run(&sick, number);
        assert_true(outcome.refused);
        assert_false(outcome.dead);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_may_pass_is_tried_again),
        cmocka_unit_test(waits_stay_within_their_bounds),
        cmocka_unit_test(waits_are_equally_spread),
        cmocka_unit_test(retry_after_is_a_number_or_a_date),
        cmocka_unit_test(retries_cost_and_successes_give_a_part_back),
        cmocka_unit_test(failures_in_a_row_open_the_circuit_for_good),
        cmocka_unit_test(bytes_alone_do_not_close_the_row),
        cmocka_unit_test(one_fault_of_many_transfers_counts_once),
        cmocka_unit_test(silence_opens_the_circuit),
        cmocka_unit_test(one_fault_is_no_silence),
        cmocka_unit_test(whom_nobody_asked_was_not_silent),
        cmocka_unit_test(who_asks_to_wait_is_alive),
        cmocka_unit_test(a_dead_service_ends_the_run_soon),
        cmocka_unit_test(a_short_outage_does_not_end_the_run),
        cmocka_unit_test(a_shaky_service_is_used_to_the_end),
        cmocka_unit_test(a_sick_service_is_not_hammered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
