/* SPDX-License-Identifier: MIT */
#include "schema/rule.h"

#include <string.h>

#include "google/api/http.pb-c.h"
#include "schema/template.h"

#include "base/banned.h"

#define MOST_SEGMENTS 64
#define MOST_VARIABLES 16
#define MOST_PATH_DEPTH 8

/* A template being read. */
struct reading {
    struct text rest;
    const struct schema_message *request;
    struct arena *arena;
    struct rule_segment segments[MOST_SEGMENTS];
    size_t segment_count;
    struct field_path variables[MOST_VARIABLES];
    size_t variable_count;
    bool ended; /* by "**" or a verb: nothing may follow */
};

static bool full(struct status *status)
{
    return status_fail(status, STATUS_INVALID_ARGUMENT, "the path template is too long");
}

static char next_character(const struct reading *reading)
{
    return reading->rest.bytes > 0 ? reading->rest.at[0] : '\0';
}

static void skip(struct reading *reading, size_t bytes)
{
    reading->rest = (struct text){reading->rest.at + bytes, reading->rest.bytes - bytes};
}

/* RFC 3986 section 3.3: what a path segment may hold unencoded, but for what templates use
 * themselves. */
static bool is_literal_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("-._~!$&'()+,;@%", c));
}

static bool is_identifier(struct text name)
{
    for (size_t i = 0; i < name.bytes; i++) {
        char c = name.at[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!letter && (i == 0 || c < '0' || c > '9'))
            return false;
    }
    return name.bytes > 0;
}

/* "a.b.c" to the fields it names, of which the last is a scalar and none is repeated. */
static bool resolve_path(struct text name, const struct schema_message *message,
                         struct arena *arena, struct field_path *path, struct status *status)
{
    const struct schema_field *fields[MOST_PATH_DEPTH];
    size_t depth = 0;
    for (struct text rest = name;; depth++) {
        const char *dot = memchr(rest.at, '.', rest.bytes);
        struct text part = {rest.at, dot ? (size_t)(dot - rest.at) : rest.bytes};
        const struct schema_field *field =
            message && is_identifier(part) ? schema_field_by_name(message, part, false) : NULL;
        if (!field || depth == MOST_PATH_DEPTH)
            return status_fail(status, STATUS_INVALID_ARGUMENT,
                               "{%.*s} names no field of the request", text_arguments(name));
        if (field->shape == FIELD_REPEATED || field->shape == FIELD_MAP)
            return status_fail(status, STATUS_INVALID_ARGUMENT, "{%.*s} names a repeated field",
                               text_arguments(name));
        fields[depth] = field;
        message = field->message;
        if (!dot)
            break;
        rest = (struct text){dot + 1, (size_t)(rest.at + rest.bytes - dot - 1)};
    }
    if (fields[depth]->type == FIELD_MESSAGE)
        return status_fail(status, STATUS_INVALID_ARGUMENT, "{%.*s} names a message",
                           text_arguments(name));
    const struct schema_field **kept =
        arena_alloc(arena, (depth + 1) * sizeof(const struct schema_field *));
    if (!kept)
        return full(status);
    memcpy(kept, fields, (depth + 1) * sizeof *kept);
    *path = (struct field_path){.name = name, .fields = kept, .depth = depth + 1};
    return true;
}

static bool add_literal(struct reading *reading, struct text literal, struct status *status)
{
    struct rule_segment *last =
        reading->segment_count ? &reading->segments[reading->segment_count - 1] : NULL;
    if (last && !last->variable && last->literal.at + last->literal.bytes == literal.at) {
        last->literal.bytes += literal.bytes;
        return true;
    }
    if (reading->segment_count == MOST_SEGMENTS)
        return full(status);
    reading->segments[reading->segment_count++] = (struct rule_segment){.literal = literal};
    return true;
}

/* A variable's own template: segments of literals, "*", and "**" as the last. */
static bool check_pattern(struct text pattern, struct rule_segment *segment, struct status *status)
{
    for (struct text rest = pattern;;) {
        const char *slash = memchr(rest.at, '/', rest.bytes);
        struct text part = {rest.at, slash ? (size_t)(slash - rest.at) : rest.bytes};
        bool any = text_equal(part, text_literal("*")), many = text_equal(part, text_literal("**"));
        bool literal = part.bytes > 0;
        for (size_t i = 0; i < part.bytes; i++)
            literal = literal && is_literal_character(part.at[i]);
        if ((!any && !many && !literal) || (many && slash))
            return status_fail(status, STATUS_INVALID_ARGUMENT,
                               "\"%.*s\" is no template of a variable", text_arguments(pattern));
        segment->multiple = segment->multiple || many || slash;
        if (!slash)
            return true;
        rest = (struct text){slash + 1, (size_t)(rest.at + rest.bytes - slash - 1)};
    }
}

static bool add_variable(struct reading *reading, struct text inside, struct status *status)
{
    const char *equals = memchr(inside.at, '=', inside.bytes);
    struct text name = {inside.at, equals ? (size_t)(equals - inside.at) : inside.bytes};
    struct rule_segment segment = {.pattern = text_literal("*")};
    if (equals)
        segment.pattern =
            (struct text){equals + 1, (size_t)(inside.at + inside.bytes - equals - 1)};
    if (reading->segment_count == MOST_SEGMENTS || reading->variable_count == MOST_VARIABLES)
        return full(status);
    for (size_t i = 0; i < reading->variable_count; i++)
        if (text_equal(reading->variables[i].name, name))
            return status_fail(status, STATUS_INVALID_ARGUMENT, "{%.*s} stands twice in the path",
                               text_arguments(name));
    struct field_path *variable = &reading->variables[reading->variable_count];
    if (!check_pattern(segment.pattern, &segment, status) ||
        !resolve_path(name, reading->request, reading->arena, variable, status))
        return false;
    reading->ended = memmem(segment.pattern.at, segment.pattern.bytes, "**", 2);
    segment.variable = variable;
    reading->variable_count++;
    reading->segments[reading->segment_count++] = segment;
    return true;
}

static bool read_variable(struct reading *reading, struct status *status)
{
    const char *end = memchr(reading->rest.at, '}', reading->rest.bytes);
    if (!end)
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "the path template has a { without a }");
    struct text inside = {reading->rest.at + 1, (size_t)(end - reading->rest.at - 1)};
    skip(reading, inside.bytes + 2);
    return add_variable(reading, inside, status);
}

static bool read_literal(struct reading *reading, struct status *status)
{
    size_t bytes = 0;
    while (bytes < reading->rest.bytes && is_literal_character(reading->rest.at[bytes]))
        bytes++;
    if (bytes == 0)
        return status_fail(
            status, STATUS_INVALID_ARGUMENT,
            "the path template cannot be sent from \"%.*s\" on; wildcards need a variable",
            text_arguments(reading->rest));
    struct text literal = {reading->rest.at, bytes};
    if (text_equal(literal, text_literal(".")) || text_equal(literal, text_literal("..")))
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "the path template has a \"%.*s\" segment", text_arguments(literal));
    skip(reading, bytes);
    return add_literal(reading, literal, status);
}

/* "/" before each segment, ":verb" behind the last. */
static bool read_template(struct reading *reading, struct status *status)
{
    while (next_character(reading) == '/' && !reading->ended) {
        if (!add_literal(reading, (struct text){reading->rest.at, 1}, status))
            return false;
        skip(reading, 1);
        bool good = next_character(reading) == '{' ? read_variable(reading, status)
                                                   : read_literal(reading, status);
        if (!good)
            return false;
    }
    if (next_character(reading) == ':' && reading->segment_count > 0) {
        if (!add_literal(reading, (struct text){reading->rest.at, 1}, status))
            return false;
        skip(reading, 1);
        if (!read_literal(reading, status))
            return false;
    }
    if (reading->rest.bytes > 0 || reading->segment_count == 0)
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "the path template does not parse at \"%.*s\"",
                           text_arguments(reading->rest));
    return true;
}

static bool keep(const struct reading *reading, struct rule *rule, struct status *status)
{
    struct field_path *variables =
        arena_alloc(reading->arena, (reading->variable_count + 1) * sizeof *reading->variables);
    struct rule_segment *segments =
        arena_alloc(reading->arena, reading->segment_count * sizeof *reading->segments);
    if (!variables || !segments)
        return full(status);
    memcpy(variables, reading->variables, reading->variable_count * sizeof *variables);
    memcpy(segments, reading->segments, reading->segment_count * sizeof *segments);
    for (size_t i = 0; i < reading->segment_count; i++)
        if (segments[i].variable)
            segments[i].variable = variables + (segments[i].variable - reading->variables);
    rule->variables = variables;
    rule->variable_count = reading->variable_count;
    rule->segments = segments;
    rule->segment_count = reading->segment_count;
    return true;
}

/* RFC 9110 section 9.1: a token. CONNECT and TRACE mean something else to those in between. */
static bool is_http_method(struct text method)
{
    for (size_t i = 0; i < method.bytes; i++)
        if (method.at[i] < 'A' || method.at[i] > 'Z')
            return false;
    return method.bytes > 0 && !text_equal(method, text_literal("CONNECT")) &&
           !text_equal(method, text_literal("TRACE"));
}

static bool read_method(const Google__Api__HttpRule *proto, struct arena *arena, struct rule *rule,
                        struct status *status)
{
    const struct {
        Google__Api__HttpRule__PatternCase pattern;
        const char *method, *template;
    } patterns[] = {
        {GOOGLE__API__HTTP_RULE__PATTERN_GET, "GET", proto->get},
        {GOOGLE__API__HTTP_RULE__PATTERN_PUT, "PUT", proto->put},
        {GOOGLE__API__HTTP_RULE__PATTERN_POST, "POST", proto->post},
        {GOOGLE__API__HTTP_RULE__PATTERN_DELETE, "DELETE", proto->delete_},
        {GOOGLE__API__HTTP_RULE__PATTERN_PATCH, "PATCH", proto->patch},
        {GOOGLE__API__HTTP_RULE__PATTERN_CUSTOM,
         proto->pattern_case == GOOGLE__API__HTTP_RULE__PATTERN_CUSTOM ? proto->custom->kind : NULL,
         proto->pattern_case == GOOGLE__API__HTTP_RULE__PATTERN_CUSTOM ? proto->custom->path
                                                                       : NULL},
    };
    for (size_t i = 0; i < array_length(patterns); i++) {
        if (patterns[i].pattern != proto->pattern_case)
            continue;
        struct text method = text_of(patterns[i].method), template = text_of(patterns[i].template);
        if (!is_http_method(method))
            return status_fail(status, STATUS_INVALID_ARGUMENT,
                               "\"%.*s\" is no HTTP method that can be sent",
                               text_arguments(method));
        rule->method = (struct text){arena_copy(arena, method.at, method.bytes), method.bytes};
        rule->template =
            (struct text){arena_copy(arena, template.at, template.bytes), template.bytes};
        return rule->method.at && rule->template.at ? true : full(status);
    }
    return status_fail(status, STATUS_INVALID_ARGUMENT, "the HTTP rule has no path");
}

static const struct schema_field *field_named(const struct schema_message *message,
                                              const char *name)
{
    return schema_field_by_name(message, text_of(name), false);
}

static bool read_bodies(const Google__Api__HttpRule *proto, const struct schema_message *request,
                        const struct schema_message *answer, struct rule *rule,
                        struct status *status)
{
    rule->body_whole = strcmp(proto->body, "*") == 0;
    if (proto->body[0] && !rule->body_whole) {
        rule->body = field_named(request, proto->body);
        if (!rule->body)
            return status_fail(status, STATUS_INVALID_ARGUMENT,
                               "body: \"%s\" names no field of the request", proto->body);
        if (rule_binds(rule, rule->body))
            return status_fail(status, STATUS_INVALID_ARGUMENT,
                               "body: \"%s\" stands in the path already", proto->body);
    }
    if (proto->response_body[0]) {
        rule->answer_body = field_named(answer, proto->response_body);
        if (!rule->answer_body)
            return status_fail(status, STATUS_INVALID_ARGUMENT,
                               "response_body: \"%s\" names no field of the answer",
                               proto->response_body);
    }
    return true;
}

/* The messages from the request inwards. */
struct nesting {
    const struct nesting *outer;
    const struct schema_message *message;
};

static bool is_inside(const struct nesting *nesting, const struct schema_message *message)
{
    for (; nesting; nesting = nesting->outer)
        if (nesting->message == message)
            return true;
    return false;
}

/* What is neither in the path nor in the body has to fit a query (google/api/http.proto: a
 * primitive, a repeated primitive, or a message that is not repeated). A type inside itself was
 * looked at already. */
static bool check_query(const struct rule *rule, const struct schema_message *message,
                        const struct nesting *outer, struct status *status)
{
    const struct nesting here = {outer, message};
    for (size_t i = 0; i < message->field_count; i++) {
        const struct schema_field *field = &message->fields[i];
        bool repeated = field->shape == FIELD_REPEATED;
        if (field->type != FIELD_MESSAGE || (!outer && field == rule->body))
            continue;
        if (!repeated &&
            (field->message->well_known == WELL_KNOWN_WRAPPER || is_inside(&here, field->message)))
            continue;
        if (field->shape == FIELD_MAP || repeated || field->message->well_known != WELL_KNOWN_NONE)
            return status_fail(status, STATUS_INVALID_ARGUMENT,
                               "%.*s.%.*s cannot be a query parameter",
                               text_arguments(message->full_name), text_arguments(field->name));
        if (!check_query(rule, field->message, &here, status))
            return false;
    }
    return true;
}

static bool parse(const Google__Api__HttpRule *proto, const struct schema_message *request,
                  const struct schema_message *answer, struct arena *arena, struct rule *rule,
                  struct status *status)
{
    struct reading reading = {.request = request, .arena = arena};
    *rule = (struct rule){0};
    if (!read_method(proto, arena, rule, status))
        return false;
    reading.rest = rule->template;
    if (!read_template(&reading, status))
        return status_wrap(status, "path \"%.*s\"", text_arguments(rule->template));
    return keep(&reading, rule, status) && read_bodies(proto, request, answer, rule, status) &&
           (rule->body_whole || check_query(rule, request, NULL, status));
}

bool rule_parse(struct text where, struct text http_rule, const struct schema_message *request,
                const struct schema_message *answer, struct arena *arena, struct rule *rule,
                struct status *status)
{
    struct rule parsed;
    Google__Api__HttpRule *proto =
        google__api__http_rule__unpack(NULL, http_rule.bytes, (const uint8_t *)http_rule.at);
    if (!proto)
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "%.*s: the google.api.http option cannot be read",
                           text_arguments(where));
    bool good = parse(proto, request, answer, arena, &parsed, status);
    google__api__http_rule__free_unpacked(proto, NULL);
    if (!good)
        return status_wrap(status, "%.*s", text_arguments(where));
    *rule = parsed;
    return true;
}

bool rule_binds(const struct rule *rule, const struct schema_field *field)
{
    for (size_t i = 0; i < rule->variable_count; i++)
        if (rule->variables[i].fields[0] == field)
            return true;
    return false;
}
