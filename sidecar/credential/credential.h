/* SPDX-License-Identifier: MIT */
/*
 * The credential that requests are signed with: a token in a mounted file, sent as X-Auth-Token.
 * Its value is in immutable, counted snapshots: the signer of a request holds one until the
 * request's bytes have left, and the last holder wipes it. Threads: the loop's thread opens and
 * frees; signing and refreshing are possible from any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "http/nouns.h"
#include "system/reload.h"
#include "system/secret_list.h"

/* The front gateway accepts at most 32 KiB in one header. */
#define CREDENTIAL_BYTES 32768

struct credential;
struct credential_snapshot;

/*
 * Loads the token file, and again when it changes: kubelet's swap of ..data, a rewrite in place, a
 * file that appears later, removal; and at least every 30 seconds. A token file that is bad or
 * missing now is reported to the listener and is not a failure. INTERNAL when the loop refuses.
 * `token_file` must outlive it.
 */
must_use bool credential_open(const char *token_file, const struct reload_listener *listener,
                              struct credential **credential, struct status *status);

/* NULL is allowed; snapshots that are held stay valid. */
void credential_free(struct credential *credential);

/* The secrets to keep out of texts that others see: the token in use, and those of snapshots that
 * are still held. */
struct secret_list *credential_secrets(struct credential *credential);

/* Returns whether a valid token has been loaded. */
bool credential_ready(struct credential *credential);

/* When the token in use was loaded first, of clock_calendar_ns; 0 without one. */
int64_t credential_since_ns(struct credential *credential);

/*
 * Adds the credential to the request, as a view of the snapshot that is put into `held`; to be
 * released once the request's bytes have left. UNAVAILABLE when no valid token has been loaded,
 * because that is our fault and not the caller's.
 */
must_use bool credential_sign(struct credential *credential, struct http_request *request,
                              struct credential_snapshot **held, struct status *status);
void credential_release(struct credential_snapshot *held); /* NULL is allowed */

/* Returns whether credential_sign would use `held` now. */
bool credential_is_current(struct credential *credential, const struct credential_snapshot *held);

/* The secret itself; empty for NULL. Valid while it is held. */
struct text credential_value(const struct credential_snapshot *held);

/*
 * The upstream rejected `rejected`: loads the file again, unless another call has done so since,
 * and returns whether a different token is in use now. A file that has not changed is read at most
 * five times a second, however many calls are rejected.
 */
bool credential_refresh(struct credential *credential, const struct credential_snapshot *rejected);

/* Reads a token file without using it, and returns the token's length. UNAVAILABLE, naming file and
 * reason, when it is not valid. */
must_use bool credential_check_file(const char *path, size_t *bytes, struct status *status);
