/* SPDX-License-Identifier: MIT */
/* In-memory replacement of server/call.c. */
#include "rig_parts.h"

#include <assert.h>

void *call_state(struct call *call)
{
    return call->state;
}

bool call_may_begin(const struct call *call, struct status *status)
{
    enum status_code refusal = call->rig->refusal;
    return refusal == STATUS_OK || status_fail(status, refusal, "refused by the rig");
}

const struct schema_method *call_method(const struct call *call)
{
    return call->method;
}

bool call_message(struct call *call, struct arena *arena, struct text *bytes, struct status *status)
{
    (void)arena, (void)status;
    *bytes = call->message;
    return true;
}

int64_t call_deadline_ns(const struct call *call)
{
    return call->deadline_ns;
}

int64_t call_received_ns(const struct call *call)
{
    return call->received_ns;
}

struct text call_peer(const struct call *call)
{
    (void)call;
    return text_literal("127.0.0.1:1");
}

struct text call_caller(const struct call *call)
{
    (void)call;
    return text_literal("anonymous");
}

uint64_t call_caller_hash(const struct call *call)
{
    (void)call;
    return 1;
}

bool call_authorize(struct call *call, struct status *status)
{
    (void)call, (void)status;
    return true;
}

size_t call_metadata_count(const struct call *call)
{
    size_t count = 0;
    while (call->metadata && call->metadata[2 * count])
        count++;
    return count;
}

void call_metadata(const struct call *call, size_t index, struct text *name, struct text *value)
{
    *name = text_of(call->metadata[2 * index]);
    *value = text_of(call->metadata[2 * index + 1]);
}

size_t call_in_flight(const struct call *call)
{
    (void)call;
    return 1;
}

void call_send_metadata(struct call *call, const char *name, struct text value)
{
    (void)call, (void)name, (void)value;
}

void call_send_trailer(struct call *call, const char *name, struct text value)
{
    struct rig_result *result = &call->rig->result;
    assert(result->trailer_count < CALL_METADATA);
    result->trailers[result->trailer_count].name = name;
    result->trailers[result->trailer_count++].value = rig_keep(call->rig, value);
}

struct arena_quota *call_request_memory(const struct call *call)
{
    return call->rig->request_memory;
}

struct arena_quota *call_response_memory(const struct call *call)
{
    return call->rig->response_memory;
}

bool call_reserve_response(struct call *call, size_t bytes, bool must)
{
    (void)bytes;
    return must || !call->rig->refuses_replies;
}

uint8_t *call_response_space(struct call *call, size_t bytes)
{
    char *space = arena_zalloc(&call->rig->arena, bytes + 1);
    assert(space);
    call->rig->result.response = (struct text){space, bytes};
    return (uint8_t *)space;
}

bool call_has_room(const struct call *call)
{
    (void)call;
    return true;
}

void call_commit(struct call *call)
{
    assert(!call->rig->result.committed);
    call->rig->result.committed = true;
    call->rig->handler.committed(call, true, call->rig->handler.context);
}

bool call_ends_with_connection(const struct call *call)
{
    (void)call;
    return false;
}

void call_reply(struct call *call, const struct status *status)
{
    struct rig_result *result = &call->rig->result;
    result->replies++;
    result->took_ns = call->rig->now_ns - call->received_ns;
    result->code = status->code;
    result->message = rig_keep(call->rig, text_of(status->message));
}

void call_hold(struct call *call)
{
    (void)call;
}

void call_release(struct call *call)
{
    (void)call;
}
