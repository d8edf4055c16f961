/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may be under way. It owns the places: those of the client, and those of each site, which the description bounds and which adapt.c finds
 * out unless their number was given. A transfer keeps its place until its end, or until it cannot go on and an earlier one needs it: so an
 * early one never waits for later ones that wait for it.
 */
#include "net/http_parts.h"

void ha_transfer_meet(struct ha_transfer *transfer)
{
    const struct ha_env *env = transfer->http->env;
    struct ha_adapt *adapt = &transfer->request.site->adapt;
    if (adapt->limit == 0)
        ha_adapt_init(adapt, env->monotonic_ms(env->context));
}

void ha_transfer_leave(struct ha_transfer *transfer)
{
    if (!transfer->admitted)
        return;
    transfer->http->active--;
    transfer->request.site->active--;
    transfer->admitted = false;
}

/* It waits for another place, and goes on where it broke off. */
static void yield(struct ha_transfer *transfer)
{
    ha_transfer_again(transfer, 0);
    ha_transfer_leave(transfer);
}

/* How many transfers of the site may be under way. */
static unsigned places_of(const struct ha_http *http, const struct ha_http_site *site)
{
    unsigned places = http->options.jobs ? http->options.jobs : site->adapt.limit;
    return site->concurrency && site->concurrency < places ? site->concurrency : places;
}

static bool is_full(const struct ha_http *http, const struct ha_http_site *site)
{
    return site->active >= places_of(http, site);
}

static bool is_urgent(const struct ha_transfer *transfer)
{
    const struct ha_http_handler *handler = &transfer->handler;
    return handler->urgent && handler->urgent(handler->context);
}

/*
 * The last one that holds a place and cannot go on, of those behind TRANSFER whose place would do. One that goes on with what another transfer began
 * stands behind those that began after that: when these wait for it, they are looked at, too, and none of them takes its place from it.
 */
static struct ha_transfer *find_stopped(const struct ha_transfer *transfer)
{
    const struct ha_http_site *site = transfer->request.site;
    bool same = is_full(transfer->http, site);
    struct ha_transfer *found = NULL;
    for (struct ha_transfer *other = is_urgent(transfer) ? transfer->http->transfers : transfer->next; other;
         other = other->next) {
        if (other->admitted && other->paused && (!same || other->request.site == site) && !is_urgent(other))
            found = other;
    }
    return found;
}

bool ha_transfer_admit(struct ha_transfer *transfer)
{
    struct ha_http *http = transfer->http;
    struct ha_http_site *site = transfer->request.site;
    unsigned most = http->options.jobs ? http->options.jobs : HA_ADAPT_MOST;
    if (transfer->admitted)
        return true;
    if (http->active >= most || is_full(http, site)) {
        struct ha_transfer *stopped = find_stopped(transfer);
        if (!stopped)
            return false;
        yield(stopped);
    }
    http->active++;
    site->active++;
    transfer->admitted = true;
    if (site->active >= site->adapt.limit)
        ha_adapt_full(&site->adapt);
    return true;
}

unsigned ha_http_width(const struct ha_http *http)
{
    unsigned widest = 0;
    for (const struct ha_transfer *transfer = http->transfers; transfer; transfer = transfer->next) {
        unsigned limit = transfer->request.site->adapt.limit;
        widest = limit > widest ? limit : widest;
    }
    if (http->options.jobs)
        return http->options.jobs;
    return widest ? widest : HA_ADAPT_START;
}
