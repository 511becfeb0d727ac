/* SPDX-License-Identifier: MIT */
/*
 * One call on its way, for the files of the road alone: pipeline/pipeline.c walks it,
 * pipeline/retry.c says whether it may be sent again, pipeline/recovery.c looks a lost create up,
 * pipeline/access_log.c says what became of it. The poller's thread walks a call out, the
 * upstream's thread walks it back in.
 */
#pragma once

#include <stdalign.h>
#include <stdbool.h>

#include "pipeline/call_metrics.h"
#include "pipeline/failure.h"
#include "pipeline/lookup.h"
#include "pipeline/pipeline.h"
#include "pipeline/trace_headers.h"

/* Where a call is, in order: the log's and the details' field, a label of metrics. */
#define STEPS(row)                                                                                 \
    row(RECEIVE, "receive"), row(ADMIT, "admit"), row(DECODE, "decode"),                           \
        row(VALIDATE, "validate"), row(ENCODE, "encode"), row(SIGN, "sign"), row(SEND, "send"),    \
        row(INTERPRET, "interpret"), row(LOOK_UP, "look up"), row(REPLY, "reply")

enum step {
#define STEP(id, name) STEP_##id
    STEPS(STEP),
#undef STEP
    STEP_COUNT
};

extern const char *const walk_step_names[STEP_COUNT];

/* What a usual call needs of memory, so that it allocates nothing but itself. */
#define USUAL_REQUEST_BYTES 6144
#define USUAL_RESPONSE_BYTES 4096

/* An unknown outcome while it is looked up: what stands when nothing better is found. */
struct lost {
    unsigned asked; /* how often */
    struct http_request request;
    struct fault fault;
    unsigned http_status;
    struct status status;
};

/* What of an answer could not be read although the rest could; the texts are its arena's. */
struct unreadable {
    size_t count;
    struct text first, reason;
};

/* One call on its way. It lives in the call; the poller's thread walks it out, the upstream's
 * thread walks it back in. */
struct walk {
    struct road *road;
    struct call *call;
    enum step step;
    struct arena arena, response_arena;
    struct arena
        fault_arena;   /* what a failure tells: no answer can crowd it out, or take it away */
    struct text bytes; /* of the request message */
    ProtobufCMessage *message, *response;
    struct credential_snapshot *credential; /* that the request was signed with */
    struct fault fault;
    struct unreadable unreadable;
    size_t response_bytes;
    unsigned attempts, sent_attempts; /* begun; of these, such of which a byte left us */
    bool handed_over; /* to the upstream; the poller's thread alone reads and writes it */
    bool committed;   /* to the caller: its client does not retry the call any more */
    bool refreshed;   /* the credential, after it was refused */
    struct lost *unknown_outcome;  /* NULL when nothing is looked up */
    enum recovery_verdict verdict; /* of the last look-up */
    /* From here on it is not zeroed for each call: whoever fills it begins. */
    struct trace trace;
    struct http_request request;
    struct exchange exchange;
    struct details details; /* of a failure */
    struct status status;   /* what the caller will hear */
    alignas(max_align_t) char memory[USUAL_REQUEST_BYTES], response_memory[USUAL_RESPONSE_BYTES];
};

/* Encodes a request into walk->request, with what of the caller's metadata goes upstream. */
must_use bool walk_encode(struct walk *walk, const struct schema_method *method,
                          const ProtobufCMessage *message);

/* Adds the credential and makes the request's bytes. */
must_use bool walk_sign(struct walk *walk);

/* Of pipeline/send.c. The step: commits the call when a connection is free for it, and hands its
 * request over when that is done; hands it over as it is when none is free, or when it only reads.
 */
must_use bool walk_send(struct walk *walk);

/* A call_handler's `committed` and `cancelled`. */
void walk_committed(struct call *call, bool good, void *context);
void walk_cancelled(struct call *call, void *context);

/* The request's bytes are not needed any more. */
void walk_wipe_request(struct walk *walk);

/* Hands the request over; from here on the walk is the upstream's thread's. A request that may
 * change something leaves when the call is committed. */
void walk_exchange(struct walk *walk);

/* Gives the credential back, if there is one. */
void walk_release_credential(struct walk *walk);

/* The exchange has ended. */
void walk_exchanged(struct exchange *exchange);

int64_t walk_time_left_ns(const struct walk *walk);

/* Reads the answer of a method. UNKNOWN when it cannot be used; a yes with a member that cannot be
 * read is a yes, and the log says what is missing. */
must_use bool walk_decode(struct walk *walk, const struct schema_method *method,
                          ProtobufCMessage **message);

/* Sends the call's own request once more, with the credential as it is now; replies when there is
 * none. */
void walk_send_again(struct walk *walk);

/* Always the last step, whatever came before. */
void walk_reply(struct walk *walk);

/* Of pipeline/retry.c. RFC 9110 section 9.2.1: the request changes nothing, so that it may be
 * repeated. True of a look-up. */
bool walk_only_reads(const struct walk *walk);

/* Whether one more attempt may follow the `made` ones, and then after which rest; spends of the
 * budget. */
must_use bool walk_may_attempt(struct walk *walk, unsigned made, int64_t wanted_ns);

/* Whether the request that was just answered, or was not, may be sent again as it is: it was
 * certainly not processed or only reads, and may go better. Then as walk_may_attempt. */
must_use bool walk_may_repeat(struct walk *walk, unsigned made);

/* Of pipeline/recovery.c. True when a look-up has begun: it replies then. */
must_use bool lost_look_up(struct walk *walk);

/* The answer to a look-up, in the exchange. */
void lost_looked_up(struct walk *walk);

/* Of pipeline/access_log.c: what the caller hears and what the log says. */
void tell_name_to_look_for(struct walk *walk);
void tell_failure(struct walk *walk);
void tell_attempts(struct walk *walk);
void tell_log(const struct walk *walk);

void tell_unreadable(const struct walk *walk);

/* Takes the words of walk->status back when they repeat the credential, as keys of an answer's map
 * may that are part of a member's path. */
void tell_no_secret(struct walk *walk);
