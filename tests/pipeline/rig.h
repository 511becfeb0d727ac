/* SPDX-License-Identifier: MIT */
/*
 * The whole path of a call in process: pipeline/pipeline.c with a caller and an upstream in memory.
 * The input is the caller's message and the bytes of the upstream's responses; the output is
 * everything that caller and upstream would have received. The rig's clock advances only while the
 * pipeline waits before a retry and while the upstream takes time.
 */
#pragma once

#include "config/config.h"
#include "pipeline/pipeline.h"
#include "schema/schema.h"

/* One response of the upstream. */
struct rig_response {
    struct text bytes;        /* none lose the connection */
    int64_t takes_ns;         /* until it comes; the call's deadline may come first */
    enum exchange_cause ends; /* ends the exchange instead; or EXCHANGE_CAUSE_NONE */
    bool not_sent;            /* and that before a byte of the request had left */
};

/* The upstream's part: `responses[n]` for exchange n, the last one for later exchanges. */
struct rig_upstream {
    const struct rig_response *responses;
    size_t response_count;
    bool ends_stream; /* after the response */
};

/* The result of a call; its memory belongs to the rig and is valid until the next call. */
struct rig_result {
    unsigned replies;
    bool committed; /* response headers were sent before the reply */
    enum status_code code;
    struct text message;
    struct text response; /* the answer message's bytes */
    struct {
        const char *name;
        struct text value;
    } trailers[CALL_METADATA];
    size_t trailer_count;
    struct text requests[32]; /* bytes that the upstream saw, or would have seen, by exchange */
    size_t request_count;
    unsigned closed_connections; /* because of a response that belongs to another request */
    int64_t took_ns;             /* from the call's beginning to its reply */
    struct text log;             /* all lines, at every level */
};

struct rig;

/* Everything but caller and network is real: the embedded schema, a token file with `token`. */
struct rig *rig_new(const char *token);
void rig_free(struct rig *rig);

/* How long the calls from now on may take; thirty seconds at first. */
void rig_deadline_ns(struct rig *rig, int64_t deadline_ns);

/* As --recover-lost-creates, which is off at first. */
void rig_recover_lost_creates(struct rig *rig, bool recover);

/* From now on no memory is left for replies that may be refused. */
void rig_refuse_replies(struct rig *rig);

/* The quotas that the call's arenas reserve their memory from; NULL, as at first: none. */
void rig_memory(struct rig *rig, struct arena_quota *request, struct arena_quota *response);

/* The status of calls that may not begin: that of all from now on; STATUS_OK, as at first, of none.
 */
void rig_refuse_calls(struct rig *rig, enum status_code refusal);

const struct schema_method *rig_method(struct rig *rig, struct text name);

/* Walks one call: a message's bytes and metadata as name, value, name, value, NULL. */
const struct rig_result *rig_call(struct rig *rig, const struct schema_method *method,
                                  struct text message, const char *const *metadata,
                                  const struct rig_upstream *upstream);

/* The value of a trailer; {NULL, 0} when it was not sent. */
struct text rig_trailer(const struct rig_result *result, const char *name);
