/* SPDX-License-Identifier: Apache-2.0 */
/* Proves how the number of requests at a time comes about: against invented services, with a clock of their own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net/adapt.h"

/*
 * A service that answers each request after LATENCY milliseconds with BYTES, as many at a time as BEARS; the others wait for their turn. Beyond
 * REFUSES at a time it answers 503.
 */
struct service {
    int64_t latency, now;
    unsigned bears, refuses, refusals, most;
    uint64_t bytes;
};

/* All that may be under way are asked for and answered, over and over, for MS milliseconds. */
static void ask_for(struct service *service, struct ha_adapt *adapt, int64_t ms)
{
    for (int64_t end = service->now + ms; service->now < end;) {
        unsigned asked = adapt->limit;
        unsigned turns = (asked + service->bears - 1) / service->bears;
        service->now += service->latency * turns;
        service->most = asked > service->most ? asked : service->most;
        for (unsigned i = 0; i < asked; i++) {
            ha_adapt_full(adapt);
            if (i >= service->refuses) {
                service->refusals++;
                ha_adapt_refused(adapt, true, service->now);
                continue;
            }
            ha_adapt_came(adapt, service->bytes);
            ha_adapt_answered(adapt, service->now);
        }
    }
}

static struct service make(unsigned bears)
{
    return (struct service){.latency = 50, .now = 1000, .bears = bears, .refuses = 1000, .bytes = 50000};
}

static struct ha_adapt begin(const struct service *service)
{
    struct ha_adapt adapt;
    ha_adapt_init(&adapt, service->now);
    return adapt;
}

static void more_as_long_as_that_brings_more(void **state)
{
    struct service service = make(1000);
    struct ha_adapt adapt = begin(&service);
    (void)state;
    assert_int_equal(adapt.limit, HA_ADAPT_START);
    ask_for(&service, &adapt, HA_ADAPT_ROUND_MS);
    assert_int_equal(adapt.limit, HA_ADAPT_START + 1);
    ask_for(&service, &adapt, 2000);
    assert_in_range(adapt.limit, HA_ADAPT_START + 8, HA_ADAPT_START + 11);
    ask_for(&service, &adapt, 60000);
    assert_int_equal(adapt.limit, HA_ADAPT_MOST);
}

static void what_brings_nothing_is_given_up(void **state)
{
    struct service service = make(10);
    struct ha_adapt adapt = begin(&service);
    (void)state;
    ask_for(&service, &adapt, 120000);
    assert_in_range(adapt.limit, HA_ADAPT_LEAST, 13);
    assert_in_range(service.most, 10, 20);
}

static void one_refusal_halves(void **state)
{
    struct ha_adapt adapt;
    (void)state;
    ha_adapt_init(&adapt, 5000);
    adapt.limit = 40;
    ha_adapt_refused(&adapt, true, 5000);
    assert_int_equal(adapt.limit, 20);
    for (int i = 0; i < 39; i++) /* those that were under way with it */
        ha_adapt_refused(&adapt, true, 5000 + i);
    assert_int_equal(adapt.limit, 20);
    ha_adapt_refused(&adapt, true, 5000 + HA_ADAPT_TOGETHER_MS);
    assert_int_equal(adapt.limit, 10);
    for (int i = 2; i < 10; i++)
        ha_adapt_refused(&adapt, true, 5000 + i * HA_ADAPT_TOGETHER_MS);
    assert_int_equal(adapt.limit, 1);
}

/* A few that are broken are no word of the service; many are. */
static void a_503_counts_when_it_is_not_alone(void **state)
{
    struct ha_adapt adapt;
    (void)state;
    ha_adapt_init(&adapt, 0);
    for (int i = 1; i <= 10000; i++) {
        ha_adapt_answered(&adapt, i);
        if (i % 50 == 0)
            ha_adapt_refused(&adapt, false, i);
    }
    assert_int_equal(adapt.limit, HA_ADAPT_START);
    for (int i = 0; i < 20; i++)
        ha_adapt_refused(&adapt, false, 10000);
    assert_int_equal(adapt.limit, HA_ADAPT_START / 2);
    ha_adapt_init(&adapt, 0);
    ha_adapt_refused(&adapt, false, 0);
    assert_int_equal(adapt.limit, HA_ADAPT_START / 2);
}

static void it_comes_back_after_refusals(void **state)
{
    struct service service = make(1000);
    struct ha_adapt adapt = begin(&service);
    (void)state;
    for (int i = 0; i < 3; i++, service.now += HA_ADAPT_TOGETHER_MS)
        ha_adapt_refused(&adapt, true, service.now);
    assert_int_equal(adapt.limit, 1);
    ask_for(&service, &adapt, 60000);
    assert_true(adapt.limit > HA_ADAPT_START);
}

/* A limit that is met again and again is met ever more rarely. */
static void a_service_is_not_driven_into_refusals(void **state)
{
    struct service service = make(1000);
    struct ha_adapt adapt = begin(&service);
    (void)state;
    service.refuses = 12;
    ask_for(&service, &adapt, 600000);
    assert_in_range(service.refusals, 1, 20); /* of more than a hundred thousand answers */
    assert_in_range(adapt.limit, 6, 12);
    assert_int_equal(service.most, 13);
}

static void much_less_is_a_hint(void **state)
{
    struct service service = make(1000);
    struct ha_adapt adapt = begin(&service);
    (void)state;
    ask_for(&service, &adapt, 3000);
    unsigned before = adapt.limit;
    service.latency *= 10;
    ask_for(&service, &adapt, 2 * service.latency);
    assert_in_range(adapt.limit, before * 7 / 10 - 1, before * 7 / 10 + 1);
    for (int i = 0; i < 20; i++) {
        service.latency *= 2;
        ask_for(&service, &adapt, HA_ADAPT_PATIENCE_MAX_MS + 2 * service.latency);
    }
    assert_in_range(adapt.limit, HA_ADAPT_LEAST, HA_ADAPT_START);
}

/* A fall leads to no fewer than so many, and not up to them either. */
static void a_hint_raises_nothing(void **state)
{
    struct ha_adapt adapt;
    (void)state;
    ha_adapt_init(&adapt, 0);
    adapt.limit = adapt.compared = 2;
    adapt.rate = UINT64_C(1000000000);
    ha_adapt_full(&adapt);
    for (int i = 1; i <= 2; i++)
        ha_adapt_answered(&adapt, i * HA_ADAPT_ROUND_MS);
    assert_int_equal(adapt.limit, 2);
}

static void rounds_that_say_nothing_change_nothing(void **state)
{
    struct ha_adapt adapt;
    (void)state;
    ha_adapt_init(&adapt, 0);
    for (int64_t now = 0; now < 60000; now += 10) /* one at a time */
        ha_adapt_answered(&adapt, now);
    assert_int_equal(adapt.limit, HA_ADAPT_START);
    for (int64_t now = 60000; now < 120000; now += 10) { /* our own disk is slow */
        ha_adapt_full(&adapt);
        ha_adapt_stopped(&adapt);
        ha_adapt_came(&adapt, UINT64_C(1000000));
        ha_adapt_answered(&adapt, now);
    }
    assert_int_equal(adapt.limit, HA_ADAPT_START);
}

/* Sizes and clocks at the ends of their ranges. */
static void nothing_overflows(void **state)
{
    struct ha_adapt adapt;
    (void)state;
    ha_adapt_init(&adapt, INT64_MAX / 2);
    for (int i = 1; i < 1000; i++) {
        ha_adapt_full(&adapt);
        ha_adapt_came(&adapt, UINT64_C(1) << 50);
        ha_adapt_answered(&adapt, INT64_MAX / 2 + i * INT64_C(1000000));
        assert_in_range(adapt.limit, 1, HA_ADAPT_MOST);
        assert_in_range(adapt.patience, HA_ADAPT_PATIENCE_MS, HA_ADAPT_PATIENCE_MAX_MS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(more_as_long_as_that_brings_more),
        cmocka_unit_test(what_brings_nothing_is_given_up),
        cmocka_unit_test(one_refusal_halves),
        cmocka_unit_test(a_503_counts_when_it_is_not_alone),
        cmocka_unit_test(it_comes_back_after_refusals),
        cmocka_unit_test(a_service_is_not_driven_into_refusals),
        cmocka_unit_test(much_less_is_a_hint),
        cmocka_unit_test(a_hint_raises_nothing),
        cmocka_unit_test(rounds_that_say_nothing_change_nothing),
        cmocka_unit_test(nothing_overflows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
