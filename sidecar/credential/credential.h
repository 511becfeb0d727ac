/* SPDX-License-Identifier: MIT */
/*
 * The credential that requests are signed with: a token, sent as X-Auth-Token, or an access key.
 * Its values are in immutable, counted snapshots: each use of one holds it until the request's
 * bytes have left, and the last holder wipes it. Threads: the loop's thread opens and frees; other
 * functions may be called from any thread, those of one use by one thread at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/arena.h"
#include "base/status.h"
#include "config/config.h"
#include "credential/issued.h"
#include "http/nouns.h"
#include "system/reload.h"
#include "system/secret_list.h"
#include "system/watchdog.h"
#include "telemetry/metric.h"

struct credential;
struct credential_snapshot;

/* The parts that a credential uses. */
struct credential_parts {
    struct reload_listener files;  /* of the files that it is loaded from */
    struct reload_listener iam_ca; /* of the CAs of a source that asks IAM or STS */
    struct metrics *metrics;       /* NULL: nothing is counted */

    /* Of a source that asks hosts for the credential. */
    struct watchdog *watchdog;      /* of its threads; NULL: they are not watched */
    void (*changed)(void *context); /* there is a credential, or none any more; on the loop */
    void *context;
};

/*
 * Loads the credential that the options name, and again when its files change: kubelet's swap of
 * ..data, a rewrite in place, a file that appears later, removal; and at least every 30 seconds.
 * Files that are bad or missing now are reported to the listener and are not a failure. INTERNAL
 * when the loop refuses. `config` must outlive it.
 */
must_use bool credential_open(const struct config *config, const struct credential_parts *parts,
                              struct credential **credential, struct status *status);

/* NULL is allowed; snapshots that are held stay valid. No use may wait. */
void credential_free(struct credential *credential);

/* Returns the path of a file that the credential is loaded from, by its number from 0; NULL after
 * the last. */
const char *credential_file(const struct credential *credential, size_t number);

/* The secrets to keep out of texts that others see: those in use, and those of snapshots that are
 * still held. */
struct secret_list *credential_secrets(struct credential *credential);

/* Returns whether there is a credential. */
bool credential_ready(struct credential *credential);

/* When the credential in use was loaded first, of clock_calendar_ns; 0 without one. */
int64_t credential_since_ns(struct credential *credential);

/* The kind of the credential in use; ISSUED_TOKEN without one. */
enum issued_kind credential_kind(struct credential *credential);

/* When the life of the credential in use ends, of the calendar; 0 without one, or an end. */
int64_t credential_expires_ns(struct credential *credential);

/* Copies the project that the credential belongs to; empty when it is not known. `is_awaited` is
 * set when it will be known with the first credential. False when the arena has no memory for it.
 */
must_use bool credential_project(struct credential *credential, struct arena *arena,
                                 struct text *project, bool *is_awaited);

/* The next step of a request that was refused or has to wait. */
enum credential_next {
    CREDENTIAL_UNCHANGED, /* the refusal stands */
    CREDENTIAL_AGAIN,     /* another signature may be accepted: sign and send again */
    CREDENTIAL_RESUMES,   /* `resumed` follows, perhaps before this returns */
};

/* One request's use of the credential. All zero at first, but for the owner's members. */
struct credential_use {
    /* A wait has ended: CREDENTIAL_AGAIN when another key is in use, or the key may be tried if the
     * call is not over, else CREDENTIAL_UNCHANGED. From any thread, once for each wait; it may
     * sign. */
    void (*resumed)(struct credential_use *use, enum credential_next next);
    int64_t deadline_ns; /* of clock_now_ns: the end of the call */

    /* The credential's own. */
    struct credential_snapshot *held;
    struct text signature; /* in the arena of the scope; empty with a token */
    int64_t offset_ns;     /* of the clock that the signature was made with */
    int64_t wait_until_ns;
    bool is_probe, was_refused;
    struct credential_uses *queue; /* in which it waits; NULL: it does not */
    TAILQ_ENTRY(credential_use) place;
};

/* The part of a signature that is not in the request; the texts are in use until the bytes are
 * written. */
struct credential_scope {
    struct text host;       /* as the request's Host says it */
    struct text project_id; /* of the request; may be empty */
    struct arena *arena;    /* for the fields of the signature */
};

/*
 * Adds the credential to the request, in part as views of the snapshot that `use` holds from now
 * on. UNAVAILABLE when there is no good credential, because that is our fault and not the caller's.
 */
must_use bool credential_sign(struct credential *credential, const struct credential_scope *scope,
                              struct http_request *request, struct credential_use *use,
                              struct status *status);

/* Keeps the signature out of texts that others see, as the other secrets are, until it is wiped:
 * for reading a response, which may repeat the request, and no longer, because each text is
 * searched for all secrets. NULL with a token. */
struct secret *credential_hide(struct credential *credential, const struct credential_use *use);

/* Releases the snapshot and overwrites the signature, once the request's bytes have left and the
 * texts of the response are read; before the arena of the signature is cleared. */
void credential_release(struct credential_use *use);

/* The next step of a signed request. */
enum credential_permit {
    CREDENTIAL_PASS,   /* go out; credential_leave follows */
    CREDENTIAL_STALE,  /* be signed again: another credential is in use by now */
    CREDENTIAL_WAIT,   /* wait until the key is confirmed: credential_wait */
    CREDENTIAL_CLOSED, /* fail: the key was refused */
};
enum credential_permit credential_enter(struct credential *credential, struct credential_use *use);

/* The request that passed has ended; `accepted` when a response shows that the credential was. */
void credential_leave(struct credential *credential, struct credential_use *use, bool accepted);

/* Takes note of the server's clock as the response to a signed request shows it, which came
 * `ago_ns` after the request was sent. */
void credential_note_date(struct credential *credential, const struct credential_use *use,
                          const struct http_response *response, int64_t ago_ns);

/* The server's clock minus ours, by which signatures are corrected; 0 below a minute. */
int64_t credential_clock_offset_ns(const struct credential *credential);

/*
 * In place of credential_leave, when the upstream has refused the credential of `use` with that
 * message. Files are loaded again, unless another call has done so since; one that has not changed
 * is read at most five times a second, however many calls are refused. A key that stays in use is
 * doubted. Only the first refusal of a use is followed by another attempt.
 */
enum credential_next credential_refused(struct credential *credential, struct credential_use *use,
                                        struct text message);

/* Waits for the key to be confirmed: CREDENTIAL_AGAIN at once when that has been decided. */
enum credential_next credential_wait(struct credential *credential, struct credential_use *use);

/* Ends a wait at once; does nothing for a use that does not wait. */
void credential_end_wait(struct credential *credential, struct credential_use *use);

/* Ends all waits; from now on none begins. */
void credential_end_waits(struct credential *credential);
