/* SPDX-License-Identifier: MIT */
/* The rig's own state, shared by rig.c, rig_caller.c and rig_upstream.c. */
#pragma once

#include "rig.h"

#include <stdalign.h>
#include <stddef.h>

/* In-memory replacement of the call of server/call.c. */
struct call {
    struct rig *rig;
    const struct schema_method *method;
    struct text message;
    const char *const *metadata;
    int64_t received_ns, deadline_ns;
    alignas(max_align_t) char state[65536];
};

struct rig {
    struct config config;
    struct schema *schema;
    struct event_base *loop;
    struct credential *credential;
    struct pipeline pipeline;
    struct call_handler handler;
    char folder[32], token_file[64];
    struct arena arena;                                   /* of the result */
    struct arena_quota *request_memory, *response_memory; /* NULL: none */
    bool refuses_replies;                                 /* which may be refused */
    const struct rig_upstream *upstream;
    struct rig_result result;
    struct exchange *waiting; /* handed over, not answered yet */
    int64_t now_ns, deadline_ns;
    int64_t rate_wait_ns;     /* of a call that was throttled */
    enum status_code refusal; /* of every call that comes */
    int log_file, noise_file; /* what stderr is during a call, and else */
    struct call call;
};

/* The only rig, for functions of the upstream that get no other object than an exchange. */
extern struct rig *the_rig;

/* A copy of the text that lives as long as the result. */
struct text rig_keep(struct rig *rig, struct text text);

/* Responds to an exchange that was sent, as the rig's upstream says, and ends it. */
void rig_respond(struct exchange *exchange);
