/* SPDX-License-Identifier: MIT */
#include "rest/request.h"

#include <stdint.h>

#include "json/json.h"
#include "rest/path.h"
#include "rest/query.h"

#include "base/banned.h"

/* The size of typical paths and bodies; longer ones grow. */
#define EXPECTED_TARGET_BYTES 192
#define EXPECTED_BODY_BYTES 256

bool request_add_field(struct http_request *request, struct text name, struct text value)
{
    if (request->field_count == HTTP_REQUEST_FIELDS)
        return false;
    request->fields[request->field_count++] = (struct http_field){.name = name, .value = value};
    return true;
}

static bool encode_target(const struct schema_method *method, const ProtobufCMessage *message,
                          struct text prefix, struct arena *arena, struct text *target,
                          struct status *status)
{
    struct buffer out, query;
    buffer_init(&out, arena, EXPECTED_TARGET_BYTES + prefix.size);
    buffer_add_text(&out, prefix);
    if (!path_expand(&method->http_rule, message, &method->json_style, &out, status))
        return false;
    if (!method->http_rule.body_whole) {
        buffer_init(&query, arena, 0);
        if (!query_expand(&method->http_rule, message, &method->json_style, &query, status))
            return false;
        if (query.bytes > 0)
            buffer_add_char(&out, '?');
        buffer_add_text(&out, buffer_text(&query));
    }
    if (out.full)
        return status_fail(status, STATUS_RESOURCE_EXHAUSTED,
                           "no memory left for the request's target");
    *target = buffer_text(&out);
    return true;
}

static bool in_path(const struct schema_field *field, const void *rule)
{
    return http_rule_binds(rule, field);
}

static bool encode_body(const struct schema_method *method, const ProtobufCMessage *message,
                        struct arena *arena, struct http_request *request, struct status *status)
{
    const struct http_rule *rule = &method->http_rule;
    const struct json_style *style = &method->json_style;
    struct buffer out;
    buffer_init(&out, arena, EXPECTED_BODY_BYTES);
    bool good = rule->body_whole
                    ? json_write(method->request, message, style, in_path, rule, &out, status)
                    : json_write_field(rule->body, message, style, &out, status);
    if (!good)
        return false;
    request->body = buffer_text(&out);
    request->has_body = true;
    return request_add_field(request, text_literal("Content-Type"),
                             text_literal("application/json"));
}

bool request_encode(const struct schema_method *method, const ProtobufCMessage *message,
                    struct text prefix, struct arena *arena, struct http_request *request,
                    struct status *status)
{
    struct text target;
    if (!encode_target(method, message, prefix, arena, &target, status))
        return false;
    request->method = method->http_rule.method;
    request->target = target;
    request->field_count = 0;
    request->body = (struct text){NULL, 0};
    request->has_body = false;
    request_add_field(request, text_literal("Accept"), text_literal("application/json"));
    request_add_field(request, text_literal("Accept-Encoding"), text_literal("identity"));
    request_add_field(request, text_literal("User-Agent"), text_literal("apig-sidecar"));
    if (!method->http_rule.body_whole && !method->http_rule.body)
        return true;
    return encode_body(method, message, arena, request, status);
}
