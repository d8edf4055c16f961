/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files on their way: the next ones are fetched side by side, on threads of their own, and handed over one by one in the order of the archive.
 * All of this is the packing thread's to call.
 */
#ifndef HA_EXPORT_WINDOW_H
#define HA_EXPORT_WINDOW_H

#include "export/body.h"
#include "export/run.h"

struct ha_window;

/* A window over the items that are still only listed, holding at most BUDGET bytes of files that came before their turn. */
int ha_window_new(struct ha_run *run, size_t budget, struct ha_window **out, struct ha_error *err);
void ha_window_free(struct ha_window *window);

/* The next item in the order of the archive; it lives until the call after this one. *item is NULL at the end. */
int ha_window_next(struct ha_window *window, struct ha_index_item **item, struct ha_error *err);

/*
 * Fetches the item that ha_window_next gave: TARGET's begin is called with its length, and again when a fault makes it begin anew; the sink that
 * it gives takes the bytes. Returns when they are all there, and *received says what they are, or with what went wrong. *attempts is how often
 * it was tried.
 */
int ha_window_deliver(struct ha_window *window, const struct ha_fetch *target, struct ha_received *received,
                      int *attempts, struct ha_error *err);

/*
 * Lets the item that ha_window_next gave begin once more, at LOCATOR, for another ha_window_deliver. HA_E_INTERNAL for a source that is not on
 * the network: its files are what they are.
 */
int ha_window_restart(struct ha_window *window, const char *locator, struct ha_error *err);

/* ha_run_renew_address for ITEM, while files are on their way. */
int ha_window_renew_address(struct ha_window *window, const struct ha_index_item *item, struct ha_error *err);

/* True when the item comes over the network. */
bool ha_window_restarts(const struct ha_window *window);

#endif
