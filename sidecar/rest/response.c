/* SPDX-License-Identifier: MIT */
#include "rest/response.h"

#include "base/inflate.h"
#include "constraint/validate.h"
#include "rest/fault_body.h"

#include "base/banned.h"

/* The first bytes of gzip (RFC 1952 section 2.3.1), with which no JSON text begins. */
static bool is_gzip(struct text body)
{
    static const struct text magic = {"\x1f\x8b", 2};
    return body.size >= magic.size && memcmp(body.data, magic.data, magic.size) == 0;
}

bool response_inflate(struct http_response *response, size_t most, struct arena *arena,
                      struct status *status)
{
    struct text coding = http_response_field(response, text_literal("Content-Encoding"));
    bool is_deflate = response->body.size > 0 && text_equal_nocase(coding, text_literal("deflate"));
    if (!is_deflate && !is_gzip(response->body))
        return true;
    if (inflate_text(response->body, most, arena, &response->body, status))
        return true;
    struct status inner = *status;
    return status_fail(status, inner.code, "the compressed body of the response %s", inner.message);
}

static bool read_body(const struct schema_method *method, struct text body,
                      const struct json_read_options *options, struct arena *arena,
                      ProtobufCMessage **message, struct status *status)
{
    if (!method->http_rule.response_body)
        return json_read(method->response, body, options, arena, message, status);
    ProtobufCMessage *whole = schema_message_new(method->response, arena);
    if (!whole)
        return status_fail(status, STATUS_RESOURCE_EXHAUSTED, "no memory left for the response");
    if (!json_read_field(method->http_rule.response_body, body, options, arena, whole, status))
        return false;
    *message = whole;
    return true;
}

/* A response message without fields that have to be set, such as google.protobuf.Empty, may have no
 * body. */
static bool may_be_empty(const struct schema_method *method)
{
    return method->response->field_count == 0;
}

/* Fails with the reason why the body cannot be used: it is the body of an error, or the message of
 * the reader. */
static bool refuse_body(const struct http_response *response, struct arena *arena,
                        struct status *status)
{
    struct fault_body fault;
    fault_body_read(response, NULL, arena, arena, &fault);
    status->code = STATUS_UNKNOWN;
    if (fault.code.size == 0 || fault.message.size == 0)
        return status_wrap(status, "the upstream responded %u with a body that cannot be used",
                           response->status);
    return status_fail(status, STATUS_UNKNOWN,
                       "the upstream responded %u with the body of an error: %.*s (%.*s)",
                       response->status, text_arguments(fault.message), text_arguments(fault.code));
}

bool response_decode(const struct schema_method *method, const struct http_response *response,
                     struct arena *arena, json_unreadable *unreadable, void *context,
                     ProtobufCMessage **message, struct status *status)
{
    const struct json_read_options options = {.unreadable = unreadable, .context = context};
    struct violations violations;
    ProtobufCMessage *read = NULL;
    struct text body = json_without_mark(response->body);
    if (body.size == 0 && may_be_empty(method))
        body = text_literal("{}");
    if (!read_body(method, body, &options, arena, &read, status) ||
        (method->response->has_constraints &&
         !validate(method->response, read, arena, &violations, status)))
        return refuse_body(response, arena, status);
    *message = read;
    return true;
}
