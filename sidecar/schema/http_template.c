/* SPDX-License-Identifier: MIT */
#include "schema/http_template.h"

#include <string.h>

#include "base/ascii.h"

#include "base/banned.h"

#define MOST_SEGMENTS 64
#define MOST_VARIABLES 16
#define MOST_PATH_DEPTH 8

/* The state of parsing a template. */
struct template_parser {
    struct text rest;
    const struct schema_message *request;
    struct arena *arena;
    struct http_rule_segment segments[MOST_SEGMENTS];
    size_t segment_count;
    struct bound_path variables[MOST_VARIABLES];
    size_t variable_count;
    bool ended; /* a "**" was read, which has to be the last segment */
};

static bool full(struct status *status)
{
    return status_fail(status, STATUS_INVALID_ARGUMENT,
                       "it has more than %d parts or %d variables, or no memory is left",
                       MOST_SEGMENTS, MOST_VARIABLES);
}

static bool next_is(const struct template_parser *parser, char c)
{
    return parser->rest.size > 0 && parser->rest.data[0] == c;
}

/* The characters of a path segment (RFC 3986 section 3.3) without those that have a meaning in
 * templates. */
static bool is_literal_character(char c)
{
    return ascii_is_alphanumeric(c) || ascii_is_one_of(c, "-._~!$&'()+,;@");
}

/* Returns the size of the literal that `text` begins with, percent-encoded characters included. */
static size_t literal_bytes(struct text text)
{
    size_t bytes = 0;
    while (bytes < text.size) {
        bool encoded = text.data[bytes] == '%' && text.size - bytes > 2 &&
                       ascii_is_hex(text.data[bytes + 1]) && ascii_is_hex(text.data[bytes + 2]);
        if (!encoded && !is_literal_character(text.data[bytes]))
            break;
        bytes += encoded ? 3 : 1;
    }
    return bytes;
}

/* True for "." and "..", also percent-encoded, because servers decode and resolve them. */
static bool is_dot_segment(struct text segment)
{
    size_t dots = 0;
    while (text_take(&segment, '.') || text_take_prefix(&segment, text_literal("%2e")) ||
           text_take_prefix(&segment, text_literal("%2E")))
        dots++;
    return segment.size == 0 && (dots == 1 || dots == 2);
}

/* Fails unless a path may go through the field, or end at it. */
static bool check_step(struct text name, const struct schema_field *field, bool is_last,
                       struct status *status)
{
    const char *what = NULL;
    if (schema_is_list(field))
        what = "a repeated field";
    else if (field->type == FIELD_MESSAGE && is_last)
        what = "a message";
    else if (field->type == FIELD_MESSAGE && field->message->well_known != WELL_KNOWN_NONE)
        what = "a part of a value that is sent as a whole";
    return what ? status_fail(status, STATUS_INVALID_ARGUMENT, "{%.*s} names %s",
                              text_arguments(name), what)
                : true;
}

/* Resolves "a.b.c" to the fields that it names. The last is a scalar, and none is repeated. */
static bool resolve_path(struct text name, const struct schema_message *message,
                         struct arena *arena, struct bound_path *path, struct status *status)
{
    const struct schema_field *fields[MOST_PATH_DEPTH];
    size_t depth = 0;
    struct text rest = name;
    for (bool is_last = false; !is_last; depth++) {
        struct text part;
        is_last = !text_take_part(&rest, '.', &part);
        bool can_be = message && depth < MOST_PATH_DEPTH && text_is_identifier(part);
        const struct schema_field *field = can_be ? schema_field_by_name(message, part) : NULL;
        if (!field)
            return status_fail(status, STATUS_INVALID_ARGUMENT,
                               "{%.*s} names no field of the request", text_arguments(name));
        if (!check_step(name, field, is_last, status))
            return false;
        fields[depth] = field;
        message = field->message;
    }
    const struct schema_field **kept = arena_alloc(arena, depth * sizeof(*kept));
    if (!kept)
        return full(status);
    memcpy(kept, fields, depth * sizeof *kept);
    *path = (struct bound_path){.name = name, .fields = kept, .depth = depth};
    return true;
}

/* Adds a literal; it is merged with a literal before it. */
static bool add_literal(struct template_parser *parser, size_t bytes, struct status *status)
{
    struct text literal = {parser->rest.data, bytes};
    struct http_rule_segment *last =
        parser->segment_count ? &parser->segments[parser->segment_count - 1] : NULL;
    parser->rest = text_skip(parser->rest, bytes);
    if (last && !last->variable) {
        last->literal.size += bytes;
        return true;
    }
    if (parser->segment_count == MOST_SEGMENTS)
        return full(status);
    parser->segments[parser->segment_count++] = (struct http_rule_segment){.literal = literal};
    return true;
}

/* Reads the template of a variable: segments of literals, "*", and "**" as the last. */
static bool read_pattern(struct text pattern, struct http_rule_segment *segment,
                         struct status *status)
{
    struct text rest = pattern;
    segment->pattern = pattern;
    segment->any_segment = text_equal(pattern, text_literal("*"));
    for (bool is_last = false; !is_last;) {
        struct text part;
        is_last = !text_take_part(&rest, '/', &part);
        bool many = text_equal(part, text_literal("**"));
        segment->multiple |= many || !is_last;
        /* Values are compared without decoding, so that a literal must not be percent-encoded. */
        bool literal = part.size > 0 && literal_bytes(part) == part.size &&
                       !text_contains(part, '%') && !is_dot_segment(part);
        if ((!literal && !many && !text_equal(part, text_literal("*"))) || (many && !is_last))
            return status_fail(status, STATUS_INVALID_ARGUMENT,
                               "\"%.*s\" is not a template of a variable", text_arguments(pattern));
    }
    return true;
}

static bool add_variable(struct template_parser *parser, struct text name, struct text pattern,
                         struct status *status)
{
    struct http_rule_segment segment = {.multiple = false};
    if (parser->segment_count == MOST_SEGMENTS || parser->variable_count == MOST_VARIABLES)
        return full(status);
    for (size_t i = 0; i < parser->variable_count; i++)
        if (text_equal(parser->variables[i].name, name))
            return status_fail(status, STATUS_INVALID_ARGUMENT, "{%.*s} is in it twice",
                               text_arguments(name));
    struct bound_path *variable = &parser->variables[parser->variable_count];
    if (!read_pattern(pattern, &segment, status) ||
        !resolve_path(name, parser->request, parser->arena, variable, status))
        return false;
    parser->ended = memmem(pattern.data, pattern.size, "**", 2);
    segment.variable = variable;
    parser->variable_count++;
    parser->segments[parser->segment_count++] = segment;
    return true;
}

/* Reads "{name}" or "{name=pattern}". */
static bool read_variable(struct template_parser *parser, struct status *status)
{
    struct text inside, name, pattern;
    if (!text_take(&parser->rest, '{') || !text_take_until(&parser->rest, '}', &inside))
        return status_fail(status, STATUS_INVALID_ARGUMENT, "it has a { without a }");
    pattern = text_take_part(&inside, '=', &name) ? inside : text_literal("*");
    return add_variable(parser, name, pattern, status);
}

static bool read_literal(struct template_parser *parser, struct status *status)
{
    struct text literal = {parser->rest.data, literal_bytes(parser->rest)};
    if (literal.size == 0 && next_is(parser, '*'))
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "a \"*\" is outside of a variable, so that no field gives its value");
    if (literal.size == 0)
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "it has an empty segment, or a character that cannot be sent, before "
                           "its last %zu characters",
                           parser->rest.size);
    if (is_dot_segment(literal))
        return status_fail(status, STATUS_INVALID_ARGUMENT, "it has a \"%.*s\" segment",
                           text_arguments(literal));
    return add_literal(parser, literal.size, status);
}

/* Reads "/" before each segment and ":verb" behind the last. */
static bool read_template(struct template_parser *parser, struct status *status)
{
    while (next_is(parser, '/') && !parser->ended) {
        if (!add_literal(parser, 1, status))
            return false;
        bool good =
            next_is(parser, '{') ? read_variable(parser, status) : read_literal(parser, status);
        if (!good)
            return false;
    }
    if (next_is(parser, ':') && parser->segment_count > 0 &&
        (!add_literal(parser, 1, status) || !read_literal(parser, status)))
        return false;
    if (parser->segment_count == 0)
        return status_fail(status, STATUS_INVALID_ARGUMENT, "it does not begin with a slash");
    return parser->rest.size == 0
               ? true
               : status_fail(status, STATUS_INVALID_ARGUMENT, "\"%.*s\" is not allowed at its end",
                             text_arguments(parser->rest));
}

static bool keep(const struct template_parser *parser, struct http_rule *rule,
                 struct status *status)
{
    struct bound_path *variables =
        arena_alloc(parser->arena, parser->variable_count * sizeof *variables);
    struct http_rule_segment *segments =
        arena_alloc(parser->arena, parser->segment_count * sizeof *segments);
    if (!variables || !segments)
        return full(status);
    memcpy(variables, parser->variables, parser->variable_count * sizeof *variables);
    memcpy(segments, parser->segments, parser->segment_count * sizeof *segments);
    for (size_t i = 0; i < parser->segment_count; i++)
        if (segments[i].variable)
            segments[i].variable = variables + (segments[i].variable - parser->variables);
    rule->variables = variables;
    rule->variable_count = parser->variable_count;
    rule->segments = segments;
    rule->segment_count = parser->segment_count;
    return true;
}

bool http_template_parse(struct text template, const struct schema_message *request,
                         struct arena *arena, struct http_rule *rule, struct status *status)
{
    struct template_parser parser = {.rest = template, .request = request, .arena = arena};
    return (read_template(&parser, status) && keep(&parser, rule, status)) ||
           status_wrap(status, "path \"%.*s\"", text_arguments(template));
}
