/* SPDX-License-Identifier: MIT */
/*
 * One call on its way, for the files of the pipeline alone: pipeline.c walks it,
 * retry.c says whether it may be sent again, recovery.c looks a lost create up,
 * access_log.c says what became of it. The poller's thread walks a call out, the
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

extern const char *const step_names[STEP_COUNT];

/* What a usual call needs of memory, so that it allocates nothing but itself. */
#define USUAL_REQUEST_BYTES 6144
#define USUAL_RESPONSE_BYTES 4096

/* An unknown outcome while it is looked up: what stands when nothing better is found. */
struct unknown_outcome {
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
struct transaction {
    struct pipeline *pipeline;
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
    struct unknown_outcome *unknown_outcome; /* NULL when nothing is looked up */
    enum lookup_verdict verdict;             /* of the last look-up */
    /* From here on it is not zeroed for each call: whoever fills it begins. */
    struct trace_headers trace;
    struct http_request request;
    struct exchange exchange;
    struct details details; /* of a failure */
    struct status status;   /* what the caller will hear */
    alignas(max_align_t) char memory[USUAL_REQUEST_BYTES], response_memory[USUAL_RESPONSE_BYTES];
};

/* Encodes a request into transaction->request, with what of the caller's metadata goes upstream. */
must_use bool transaction_encode(struct transaction *transaction,
                                 const struct schema_method *method,
                                 const ProtobufCMessage *message);

/* Adds the credential and makes the request's bytes. */
must_use bool transaction_sign(struct transaction *transaction);

/* Of send.c. The step: commits the call when a connection is free for it, and hands its
 * request over when that is done; hands it over as it is when none is free, or when it only reads.
 */
must_use bool transaction_send(struct transaction *transaction);

/* A call_handler's `committed` and `cancelled`. */
void transaction_committed(struct call *call, bool good, void *context);
void transaction_cancelled(struct call *call, void *context);

/* The request's bytes are not needed any more. */
void transaction_wipe_request(struct transaction *transaction);

/* Hands the request over; from here on the transaction is the upstream's thread's. A request that
 * may change something leaves when the call is committed. */
void transaction_exchange(struct transaction *transaction);

/* Gives the credential back, if there is one. */
void transaction_release_credential(struct transaction *transaction);

/* The exchange has ended. */
void transaction_exchanged(struct exchange *exchange);

int64_t transaction_time_left_ns(const struct transaction *transaction);

/* Reads the answer of a method. UNKNOWN when it cannot be used; a yes with a member that cannot be
 * read is a yes, and the log says what is missing. */
must_use bool transaction_decode(struct transaction *transaction,
                                 const struct schema_method *method, ProtobufCMessage **message);

/* Sends the call's own request once more, with the credential as it is now; replies when there is
 * none. */
void transaction_send_again(struct transaction *transaction);

/* Always the last step, whatever came before. */
void transaction_reply(struct transaction *transaction);

/* Of retry.c. RFC 9110 section 9.2.1: the request changes nothing, so that it may be
 * repeated. True of a look-up. */
bool transaction_only_reads(const struct transaction *transaction);

/* Whether one more attempt may follow the `made` ones, and then after which rest; spends of the
 * budget. */
must_use bool retry_is_allowed(struct transaction *transaction, unsigned made, int64_t wanted_ns);

/* Whether the request that was just answered, or was not, may be sent again as it is: it was
 * certainly not processed or only reads, and may go better. Then as retry_is_allowed. */
must_use bool retry_is_due(struct transaction *transaction, unsigned made);

/* Of recovery.c. True when a look-up has begun: it replies then. */
must_use bool recovery_start(struct transaction *transaction);

/* The answer to a look-up, in the exchange. */
void recovery_continue(struct transaction *transaction);

/* Of failure_message.c. Adds to the details the name by which a create of unknown outcome is found.
 */
void failure_add_name(struct transaction *transaction);

/* Completes message and details of a failure and adds the trailers. */
void failure_complete(struct transaction *transaction);

/* Adds the trailer that says how many attempts were made. */
void transaction_send_attempts(struct transaction *transaction);

/* Whether the text repeats the credential that the request was signed with. */
bool transaction_repeats_credential(const struct transaction *transaction, struct text text);

/* Of access_log.c: the line of a call, and that of members of a response that could not be read. */
void access_log_write(const struct transaction *transaction);
void access_log_unreadable(const struct transaction *transaction);

/* Takes the words of transaction->status back when they repeat the credential, as keys of an
 * answer's map may that are part of a member's path. */
void failure_hide_credential(struct transaction *transaction);
