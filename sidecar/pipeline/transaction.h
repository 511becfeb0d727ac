/* SPDX-License-Identifier: MIT */
/*
 * One inbound call and its attempts upstream: the state that the steps of the pipeline share. It
 * lives in the call. One thread has it at a time: the poller's until it is handed over; after an
 * exchange, that of the upstream's loop; after a wait for a credential, the thread that has ended
 * the wait. Only the files of the pipeline include this.
 */
#pragma once

#include <stdalign.h>
#include <stdbool.h>

#include "pipeline/failure.h"
#include "pipeline/lookup.h"
#include "pipeline/pipeline.h"
#include "pipeline/step.h"
#include "pipeline/trace_headers.h"

/* Memory inside the transaction, so that a usual call allocates nothing else for its request. */
#define INLINE_REQUEST_BYTES 2048

/* A failure whose outcome is unknown, kept while a look-up is under way. */
struct unknown_outcome {
    unsigned lookups; /* sent so far */
    struct http_request request;
    struct fault fault;
    unsigned http_status;
    struct status status;
};

/* Members of a response that could not be read although the rest could. The texts belong to
 * response_arena. */
struct unreadable {
    size_t count;
    struct text first, reason;
};

struct transaction {
    struct pipeline *pipeline;
    struct call *call;
    const struct schema_method *method;
    enum step step; /* that decided the outcome, as far as it is known */
    struct arena arena;
    struct arena response_arena; /* empty until a response comes, and after the reply */
    struct arena fault_arena;    /* texts of a failure, which no response can crowd out */
    struct text bytes;           /* of the request message */
    ProtobufCMessage *message, *response;
    struct text project_id;           /* of the request under way, for its signature */
    struct credential_use credential; /* that the request was signed with */
    struct fault fault;
    struct unreadable unreadable;
    size_t response_bytes;
    unsigned attempts, sent_attempts; /* begun; of these, attempts of which a byte left us */
    bool handed_over;                 /* to the upstream; the poller's thread only */
    bool is_counted;                  /* among the calls of its caller */
    bool committed;                   /* response headers were sent to the caller */
    bool has_to_wait;                 /* the access key has to be confirmed first */
    bool repeated; /* idempotent, and sent again because an earlier attempt, which may have been
                      carried out, lost its response */
    struct unknown_outcome *unknown_outcome; /* NULL until a look-up begins; then until the call is
                                                sent again or ends */
    enum lookup_verdict verdict;             /* of the last look-up */
    /* The members from here on are not zeroed for each call: each is set before it is read. */
    struct trace_headers trace;
    struct http_request request;
    struct exchange exchange;
    struct details details; /* of a failure */
    struct status status;   /* of the call */
    alignas(max_align_t) char memory[INLINE_REQUEST_BYTES];
};

/* Prepares the transaction of a call that has just begun. */
void transaction_init(struct transaction *transaction, struct pipeline *pipeline,
                      struct call *call);

/* Frees the memory that the transaction has taken. */
void transaction_clear(struct transaction *transaction);

/* Forgets the outcome of an attempt, so that another one can follow. */
void transaction_reset_outcome(struct transaction *transaction);

/* Until the call's deadline; negative after it. */
int64_t transaction_time_left_ns(const struct transaction *transaction);

/* The idempotency of the request under way: a look-up only reads. */
enum idempotency transaction_idempotency(const struct transaction *transaction);

/* Whether the request under way changes nothing, so that it may be repeated (RFC 9110 section
 * 9.2.1). */
bool transaction_only_reads(const struct transaction *transaction);

/* Removes secrets from a status message that has text of the upstream's in it, such as the keys of
 * a map, which are part of a field's path. */
void transaction_redact(const struct transaction *transaction, struct status *status);

/* Releases the credential that the request was signed with, once its bytes have left or when they
 * never will. */
void transaction_release_credential(struct transaction *transaction);
