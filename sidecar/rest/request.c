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

/* Of every request, and of one with a body. */
static const struct http_field usual_fields[] = {
    {{"Accept", 6}, {"application/json", 16}, .is_checked = true},
    {{"Accept-Encoding", 15}, {"identity", 8}, .is_checked = true},
    {{"User-Agent", 10}, {"apig-sidecar", 12}, .is_checked = true},
};
static const struct http_field body_type = {
    {"Content-Type", 12}, {"application/json", 16}, .is_checked = true};

bool request_add_field(struct http_request *request, const struct http_field *field)
{
    if (request->field_count == HTTP_REQUEST_FIELDS)
        return false;
    request->fields[request->field_count++] = *field;
    return true;
}

/* Writes the path of the first additional binding whose variables the message fits, and returns
 * that binding; NULL when it fits none. The rule itself did not fit, as the status says. */
static const struct http_rule *expand_additional(const struct schema_method *method,
                                                 const ProtobufCMessage *message,
                                                 struct buffer *path, struct status *status)
{
    const struct http_rule *rule = &method->http_rule;
    size_t start = path->bytes;
    struct status why = {0};
    for (size_t i = 0; i < rule->additional_count; i++) {
        if (path_expand(&rule->additional[i], message, &method->json_style, path, &why)) {
            status_clear(status);
            return &rule->additional[i];
        }
        path->bytes = start;
    }
    if (path->full)
        *status = why;
    return NULL;
}

/* Writes the path by the first binding that fits, and returns that binding; NULL with the reason of
 * the first one when none fits. */
static const struct http_rule *expand_path(const struct schema_method *method,
                                           const ProtobufCMessage *message, struct buffer *path,
                                           struct status *status)
{
    size_t start = path->bytes;
    if (path_expand(&method->http_rule, message, &method->json_style, path, status))
        return &method->http_rule;
    path->bytes = start;
    return path->full ? NULL : expand_additional(method, message, path, status);
}

static bool add_query(const struct http_rule *rule, const ProtobufCMessage *message,
                      const struct json_style *style, struct buffer *target, struct status *status)
{
    struct buffer query;
    buffer_init(&query, target->arena, 0);
    if (!query_expand(rule, message, style, &query, status))
        return false;
    if (query.bytes > 0)
        buffer_add_char(target, '?');
    buffer_add_text(target, buffer_text(&query));
    return true;
}

static bool encode_target(const struct schema_method *method, const ProtobufCMessage *message,
                          struct buffer *target, const struct http_rule **rule,
                          struct status *status)
{
    *rule = expand_path(method, message, target, status);
    if (!*rule ||
        (!(*rule)->body_whole && !add_query(*rule, message, &method->json_style, target, status)))
        return false;
    return target->full ? status_fail(status, STATUS_RESOURCE_EXHAUSTED,
                                      "no memory left for the request's target")
                        : true;
}

static bool in_path(const struct schema_field *field, const void *rule)
{
    return http_rule_binds(rule, field);
}

static bool encode_body(const struct http_rule *rule, const ProtobufCMessage *message,
                        const struct json_style *style, struct buffer *body, struct status *status)
{
    return rule->body_whole ? json_write(rule->request, message, style, in_path, rule, body, status)
                            : json_write_field(rule->body, message, style, body, status);
}

bool request_encode(const struct schema_method *method, const ProtobufCMessage *message,
                    struct text prefix, struct arena *arena, struct http_request *request,
                    struct status *status)
{
    struct buffer target, body;
    const struct http_rule *rule;
    buffer_init(&target, arena, EXPECTED_TARGET_BYTES + prefix.size);
    buffer_add_text(&target, prefix);
    if (!encode_target(method, message, &target, &rule, status))
        return false;
    request->method = rule->method;
    request->target = buffer_text(&target);
    memcpy(request->fields, usual_fields, sizeof usual_fields);
    request->field_count = array_length(usual_fields);
    request->body = (struct text){NULL, 0};
    request->has_body = false;
    if (!rule->body_whole && !rule->body)
        return true;
    buffer_init(&body, arena, EXPECTED_BODY_BYTES);
    if (!encode_body(rule, message, &method->json_style, &body, status))
        return false;
    request->body = buffer_text(&body);
    request->has_body = true;
    return request_add_field(request, &body_type);
}
