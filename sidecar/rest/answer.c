/* SPDX-License-Identifier: MIT */
#include "rest/answer.h"

#include "schema/validate.h"

#include "base/banned.h"

static bool read_body(const struct schema_method *method, struct text body,
                      const struct json_reading *reading, struct arena *arena,
                      ProtobufCMessage **message, struct status *status)
{
    if (!method->rule.answer_body)
        return json_read(method->answer, body, reading, arena, message, status);
    ProtobufCMessage *whole = schema_message_new(method->answer, arena);
    if (!whole)
        return status_fail(status, STATUS_RESOURCE_EXHAUSTED, "no memory left for the answer");
    if (!json_read_field(method->rule.answer_body, body, reading, arena, whole, status))
        return false;
    *message = whole;
    return true;
}

/* google.protobuf.Empty and its like have nothing to say; their answer may have no body at all. */
static bool may_be_empty(const struct schema_method *method)
{
    return method->answer->field_count == 0;
}

bool answer_decode(const struct schema_method *method, const struct http_answer *answer,
                   struct arena *arena, json_unreadable *unreadable, void *context,
                   ProtobufCMessage **message, struct status *status)
{
    const struct json_reading reading = {.unreadable = unreadable, .context = context};
    struct violations violations;
    ProtobufCMessage *read = NULL;
    struct text body =
        answer->body.bytes == 0 && may_be_empty(method) ? text_literal("{}") : answer->body;
    if (!read_body(method, body, &reading, arena, &read, status) ||
        (method->answer->has_rules &&
         !validate(method->answer, read, arena, &violations, status))) {
        status->code = STATUS_UNKNOWN;
        return status_wrap(status, "the upstream answered %u, but with a body that cannot be used",
                           answer->status);
    }
    *message = read;
    return true;
}
