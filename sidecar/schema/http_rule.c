/* SPDX-License-Identifier: MIT */
#include "schema/http_rule.h"

#include "base/ascii.h"
#include "schema/http_template.h"
#include "schema/query_fit.h"
#include "schema/wire.h"

#include "base/banned.h"

/* Field numbers of google.api.HttpRule that are not patterns, and of its CustomHttpPattern. */
enum {
    OPTION_SELECTOR = 1,
    OPTION_BODY = 7,
    OPTION_CUSTOM = 8,
    OPTION_ADDITIONAL_BINDINGS = 11,
    OPTION_RESPONSE_BODY = 12,
    CUSTOM_KIND = 1,
    CUSTOM_PATH = 2,
};

static const struct {
    uint32_t number;
    struct text method;
} patterns[] = {
    {2, {"GET", 3}}, {3, {"PUT", 3}}, {4, {"POST", 4}}, {5, {"DELETE", 6}}, {6, {"PATCH", 5}},
};

/* The content of a google.api.HttpRule. */
struct http_rule_option {
    struct text method, template, body, response_body;
    bool is_custom;
    size_t additional_count;
};

static bool unreadable(struct status *status)
{
    return status_fail(status, STATUS_INVALID_ARGUMENT,
                       "the google.api.http option cannot be read");
}

static bool full(struct status *status)
{
    return status_fail(status, STATUS_RESOURCE_EXHAUSTED, "no memory left for the HTTP rule");
}

static bool take_string(const struct wire_field *field, struct text *string, struct status *status)
{
    if (field->type != WIRE_BYTES || !text_is_utf8(field->bytes))
        return unreadable(status);
    *string = field->bytes;
    return true;
}

/* protoc writes `custom.kind` and `custom.path` on two lines as two messages, which are merged. */
static bool read_custom(struct text custom, struct http_rule_option *option, struct status *status)
{
    struct wire_field field;
    if (!option->is_custom)
        option->method = option->template = (struct text){"", 0};
    option->is_custom = true;
    while (custom.size > 0) {
        if (!wire_next(&custom, &field))
            return unreadable(status);
        bool known = field.number == CUSTOM_KIND || field.number == CUSTOM_PATH;
        struct text *string = field.number == CUSTOM_KIND ? &option->method : &option->template;
        if (!known || !take_string(&field, string, status))
            return unreadable(status);
    }
    return true;
}

static bool read_pattern(const struct wire_field *field, struct http_rule_option *option,
                         struct status *status)
{
    for (size_t i = 0; i < array_length(patterns); i++) {
        if (patterns[i].number != field->number)
            continue;
        option->method = patterns[i].method;
        option->is_custom = false;
        return take_string(field, &option->template, status);
    }
    return status_fail(status, STATUS_INVALID_ARGUMENT,
                       "field %u of google.api.HttpRule is not known here", field->number);
}

static bool read_option(struct text bytes, struct http_rule_option *option, struct status *status)
{
    struct wire_field field;
    *option =
        (struct http_rule_option){.method = {"", 0}, .body = {"", 0}, .response_body = {"", 0}};
    while (bytes.size > 0) {
        bool good = wire_next(&bytes, &field) ? true : unreadable(status);
        if (!good)
            return false;
        switch (field.number) {
        case OPTION_SELECTOR:
            break;
        case OPTION_ADDITIONAL_BINDINGS:
            option->additional_count++;
            good = field.type == WIRE_BYTES || unreadable(status);
            break;
        case OPTION_BODY:
            good = take_string(&field, &option->body, status);
            break;
        case OPTION_RESPONSE_BODY:
            good = take_string(&field, &option->response_body, status);
            break;
        case OPTION_CUSTOM:
            good = field.type == WIRE_BYTES ? read_custom(field.bytes, option, status)
                                            : unreadable(status);
            break;
        default:
            good = read_pattern(&field, option, status);
        }
        if (!good)
            return false;
    }
    return true;
}

/* The methods of RFC 9110 section 9.1 are capitals. CONNECT and TRACE have another meaning to the
 * servers on the path. */
static bool is_http_method(struct text method)
{
    return method.size > 0 && text_consists_of(method, ascii_is_upper) &&
           !text_equal(method, text_literal("CONNECT")) &&
           !text_equal(method, text_literal("TRACE"));
}

static bool check_request_line(const struct http_rule_option *option, struct status *status)
{
    if (option->template.size == 0)
        return status_fail(status, STATUS_INVALID_ARGUMENT, "the HTTP rule has no path");
    return is_http_method(option->method)
               ? true
               : status_fail(status, STATUS_INVALID_ARGUMENT,
                             "\"%.*s\" is not an HTTP method that can be sent",
                             text_arguments(option->method));
}

/* A field in the path must not be the body as well. A variable may be a part of the body (AIP-134).
 */
static bool check_apart(const struct http_rule *rule, struct status *status)
{
    for (size_t i = 0; i < rule->variable_count; i++) {
        const struct bound_path *variable = &rule->variables[i];
        if (variable->fields[0] == rule->body && variable->depth == 1)
            return status_fail(status, STATUS_INVALID_ARGUMENT,
                               "body: \"%.*s\" is in the path already",
                               text_arguments(variable->name));
    }
    return true;
}

static bool read_bodies(const struct http_rule_option *option, const struct schema_message *request,
                        const struct schema_message *response, struct http_rule *rule,
                        struct status *status)
{
    rule->body_whole = text_equal(option->body, text_literal("*"));
    if (option->body.size > 0 && !rule->body_whole) {
        rule->body = schema_field_by_name(request, option->body);
        if (!rule->body)
            return status_fail(status, STATUS_INVALID_ARGUMENT,
                               "body: \"%.*s\" names no field of the request",
                               text_arguments(option->body));
    }
    if (option->response_body.size > 0) {
        rule->response_body = schema_field_by_name(response, option->response_body);
        if (!rule->response_body)
            return status_fail(status, STATUS_INVALID_ARGUMENT,
                               "response_body: \"%.*s\" names no field of the response",
                               text_arguments(option->response_body));
    }
    return check_apart(rule, status);
}

/* Parses a rule, which keeps pointing into its bytes, without its additional bindings; sets their
 * number. */
static bool parse_binding(struct text bytes, const struct schema_message *request,
                          const struct schema_message *response, struct arena *arena,
                          struct http_rule *rule, struct status *status)
{
    struct http_rule_option option;
    if (!read_option(bytes, &option, status) || !check_request_line(&option, status))
        return false;
    *rule = (struct http_rule){.request = request,
                               .method = option.method,
                               .template = option.template,
                               .additional_count = option.additional_count};
    return http_template_parse(option.template, request, arena, rule, status) &&
           read_bodies(&option, request, response, rule, status) &&
           (rule->body_whole || query_fit_check(request, rule->body, status));
}

/* google/api/http.proto: additional bindings are not nested. A response is read before it is known
 * which binding sent the request. */
static bool check_additional(const struct http_rule *rule, const struct http_rule *additional,
                             struct status *status)
{
    if (additional->additional_count > 0)
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "it has additional bindings of its own");
    if (additional->response_body != rule->response_body)
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "its response_body is not that of the first binding");
    return true;
}

/* Parses the additional bindings of a rule whose bytes read_option has read. */
static bool parse_additional(struct text bytes, const struct schema_message *response,
                             struct arena *arena, struct http_rule *rule, struct status *status)
{
    struct wire_field field;
    struct http_rule *bindings = arena_zalloc(arena, rule->additional_count * sizeof *bindings + 1);
    if (!bindings)
        return full(status);
    rule->additional = bindings;
    while (bytes.size > 0 && wire_next(&bytes, &field)) {
        if (field.number != OPTION_ADDITIONAL_BINDINGS)
            continue;
        if (!parse_binding(field.bytes, rule->request, response, arena, bindings, status) ||
            !check_additional(rule, bindings, status))
            return status_wrap(status, "additional binding %td", bindings - rule->additional + 1);
        bindings++;
    }
    return true;
}

static bool parse(struct text http_rule, const struct schema_message *request,
                  const struct schema_message *response, struct arena *arena,
                  struct http_rule *rule, struct status *status)
{
    struct text kept = {arena_copy(arena, http_rule.data, http_rule.size), http_rule.size};
    if (!kept.data)
        return full(status);
    return parse_binding(kept, request, response, arena, rule, status) &&
           (rule->additional_count == 0 || parse_additional(kept, response, arena, rule, status));
}

bool http_rule_parse(struct text where, struct text http_rule, const struct schema_message *request,
                     const struct schema_message *response, struct arena *arena,
                     struct http_rule *rule, struct status *status)
{
    struct http_rule parsed;
    if (!parse(http_rule, request, response, arena, &parsed, status))
        return status_wrap(status, "%.*s", text_arguments(where));
    *rule = parsed;
    return true;
}

bool http_rule_binds(const struct http_rule *rule, const struct schema_field *field)
{
    for (size_t i = 0; i < rule->variable_count; i++)
        if (rule->variables[i].fields[0] == field && rule->variables[i].depth == 1)
            return true;
    return false;
}
