/* SPDX-License-Identifier: MIT */
/*
 * The credential that calls are signed with: at present a token in a mounted file, sent as
 * X-Auth-Token. Its value is held in immutable snapshots that are counted; who signs holds one
 * until the request's bytes have left, and the last holder wipes it. The event loop's thread opens,
 * watches and frees; signing and refreshing may be done on any thread.
 */
#pragma once

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "http/nouns.h"
#include "system/secret_list.h"

/* The front gateway takes at most 32 KiB in one header. */
#define CREDENTIAL_BYTES 32768

enum credential_result {
    CREDENTIAL_LOADED,   /* the first good token, another one, or the same after a rejection */
    CREDENTIAL_REJECTED, /* the file is bad or gone: the last good token, if any, stays in use */
};

/* Told of each change once, in their order, on the thread that saw it; it must not refresh. `why`
 * never contains the token, only its length. */
typedef void credential_listener(enum credential_result result, const char *why, void *context);

struct credential;
struct credential_snapshot;

/*
 * Reads the token file and watches it from `loop`: kubelet's swap of ..data, a rewrite in place, a
 * file that appears later, removal; and reads again at least every 30 seconds. A file that is bad
 * or missing now is no failure: the listener hears of it. INTERNAL when the loop refuses.
 * `token_file` must outlive it.
 */
must_use bool credential_open(const char *token_file, struct event_base *loop,
                              credential_listener *listener, void *context,
                              struct credential **credential, struct status *status);
void credential_free(struct credential *credential); /* NULL is allowed; snapshots may live on */

/* The secrets that must not be seen by others: tokens that are in use, and those of snapshots that
 * are still held. */
struct secret_list *credential_secrets(struct credential *credential);

/* True when there is a good token. */
bool credential_ready(struct credential *credential);

/* When the token in use was first read, of clock_calendar_ns; 0 without one. */
int64_t credential_since_ns(struct credential *credential);

/*
 * Adds the credential to the request, as a view into the snapshot that is put into `held`.
 * UNAVAILABLE when there is no good token (it is our fault, not the caller's). Release what is held
 * once the request's bytes have left.
 */
must_use bool credential_sign(struct credential *credential, struct http_request *request,
                              struct credential_snapshot **held, struct status *status);
void credential_release(struct credential_snapshot *held); /* NULL is allowed */

/* Whether `held` is what credential_sign would take now. */
bool credential_is_current(struct credential *credential, const struct credential_snapshot *held);

/* The secret itself; empty for NULL. Valid while it is held. */
struct text credential_value(const struct credential_snapshot *held);

/*
 * The upstream refused `refused`: reads the file again, unless another call already did, and says
 * whether a different token is there now. A file that has not changed is read at most a few times a
 * second whatever callers do.
 */
bool credential_refresh(struct credential *credential, const struct credential_snapshot *refused);

/* Reads a token file once, for those who only want to know: its token's length. UNAVAILABLE says
 * what is wrong. */
must_use bool credential_check_file(const char *path, size_t *bytes, struct status *status);
