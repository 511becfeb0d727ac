/* SPDX-License-Identifier: MIT */
#include "schema/validate.h"

#include <stdio.h>

#include "base/memory.h"
#include "base/trail.h"
#include "schema/rules.h"

#include "base/banned.h"

/* As deep as a message that was read can be. */
#define MOST_VIOLATIONS_IN_MESSAGE 3

/* One walk over a message. */
struct validation {
    struct arena *arena;
    struct violations *violations;
    pcre2_match_data *match; /* made for the first pattern */
};

/* A value that is checked: of a field, an element, a key. */
struct subject {
    const struct schema_field *field;
    const void *at;
    size_t count;      /* of a repeated field or map */
    struct text bytes; /* of a string or bytes */
};

static bool validate_message(struct validation *validation, const struct schema_message *type,
                             const ProtobufCMessage *message, const struct trail *trail);

static void violate(struct validation *validation, const struct trail *trail, const char *rule_id,
                    struct text message)
{
    struct violations *violations = validation->violations;
    if (violations->count == VALIDATE_VIOLATIONS) {
        violations->more++;
        return;
    }
    violations->list[violations->count++] =
        (struct violation){.field = trail_text(trail, validation->arena),
                           .rule_id = text_of(rule_id),
                           .message = message};
}

static void *arena_for_pcre(PCRE2_SIZE bytes, void *arena)
{
    return arena_alloc(arena, bytes);
}

static void leave_to_arena(void *at, void *arena)
{
    (void)at, (void)arena;
}

static bool matches(struct validation *validation, const struct pattern *pattern, struct text text)
{
    if (!validation->match) {
        pcre2_general_context *memory =
            pcre2_general_context_create(arena_for_pcre, leave_to_arena, validation->arena);
        validation->match = memory ? pcre2_match_data_create(1, memory) : NULL;
    }
    return validation->match &&
           pcre2_match(pattern->code, (PCRE2_SPTR)text.at, text.bytes, 0, PCRE2_NO_UTF_CHECK,
                       validation->match, pattern->context) >= 0;
}

static bool is_operand(const struct check *check, const struct subject *subject)
{
    bool textual = subject->field->type == FIELD_STRING || subject->field->type == FIELD_BYTES;
    struct number number = {0};
    if (!textual)
        number = number_of(subject->field->type, subject->at);
    for (size_t i = 0; i < check->operand_count; i++)
        if (textual ? text_equal(subject->bytes, check->operands[i].text)
                    : number_compare(&number, &check->operands[i].number) == 0)
            return true;
    return false;
}

static bool is_above(const struct bound *low, const struct number *number)
{
    int order = number_compare(number, &low->at);
    return order == 1 || (order == 0 && low->inclusive);
}

static bool is_below(const struct bound *high, const struct number *number)
{
    int order = number_compare(number, &high->at);
    return order == -1 || (order == 0 && high->inclusive);
}

/* A low end above the high end means outside of the two. */
static bool is_in_range(const struct check *check, const struct subject *subject)
{
    struct number number = number_of(subject->field->type, subject->at);
    bool above = !check->low.given || is_above(&check->low, &number);
    bool below = !check->high.given || is_below(&check->high, &number);
    bool outside = check->low.given && check->high.given &&
                   number_compare(&check->low.at, &check->high.at) >= 0;
    return outside ? above || below : above && below;
}

static bool is_defined(const struct subject *subject)
{
    const struct schema_enum *enumeration = subject->field->enumeration;
    for (size_t i = 0; i < enumeration->value_count; i++)
        if (enumeration->values[i].number == *(const int32_t *)subject->at)
            return true;
    return false;
}

static bool same_element(enum field_type type, const void *a, const void *b)
{
    if (type == FIELD_STRING || type == FIELD_BYTES) {
        const ProtobufCBinaryData *left = a, *right = b;
        return left->len == right->len &&
               (left->len == 0 || memcmp(left->data, right->data, left->len) == 0);
    }
    struct number left = number_of(type, a), right = number_of(type, b);
    return number_compare(&left, &right) == 0;
}

static bool is_unique(const struct subject *subject)
{
    enum field_type type = subject->field->type;
    const char *elements = *(const char *const *)subject->at;
    size_t bytes = schema_type_bytes(type);
    for (size_t i = 1; i < subject->count; i++)
        for (size_t j = 0; j < i; j++)
            if (same_element(type, elements + i * bytes, elements + j * bytes))
                return false;
    return true;
}

static bool starts_with(struct text text, struct text part)
{
    return text.bytes >= part.bytes && memcmp(text.at, part.at, part.bytes) == 0;
}

static bool ends_with(struct text text, struct text part)
{
    return text.bytes >= part.bytes &&
           memcmp(text.at + text.bytes - part.bytes, part.at, part.bytes) == 0;
}

static bool contains(struct text text, struct text part)
{
    return part.bytes == 0 || memmem(text.at, text.bytes, part.at, part.bytes);
}

/* Code points are counted only when the bytes leave it open: a code point has one to four. */
static bool has_min_length(struct text text, uint64_t least)
{
    return text.bytes >= least && (text.bytes / 4 >= least || text_code_points(text) >= least);
}

static bool has_max_length(struct text text, uint64_t most)
{
    return text.bytes <= most || (text.bytes / 4 <= most && text_code_points(text) <= most);
}

static bool holds(struct validation *validation, const struct check *check,
                  const struct subject *subject)
{
    struct text bytes = subject->bytes;
    switch (check->kind) {
    case CHECK_CONST:
    case CHECK_IN:
        return is_operand(check, subject);
    case CHECK_NOT_IN:
        return !is_operand(check, subject);
    case CHECK_RANGE:
        return is_in_range(check, subject);
    case CHECK_LEN:
        return has_min_length(bytes, check->count) && has_max_length(bytes, check->count);
    case CHECK_MIN_LEN:
        return has_min_length(bytes, check->count);
    case CHECK_MAX_LEN:
        return has_max_length(bytes, check->count);
    case CHECK_LEN_BYTES:
        return bytes.bytes == check->count;
    case CHECK_MIN_BYTES:
        return bytes.bytes >= check->count;
    case CHECK_MAX_BYTES:
        return bytes.bytes <= check->count;
    case CHECK_PREFIX:
        return starts_with(bytes, check->operands[0].text);
    case CHECK_SUFFIX:
        return ends_with(bytes, check->operands[0].text);
    case CHECK_CONTAINS:
        return contains(bytes, check->operands[0].text);
    case CHECK_NOT_CONTAINS:
        return !contains(bytes, check->operands[0].text);
    case CHECK_PATTERN:
        return matches(validation, &check->pattern, bytes);
    case CHECK_FORMAT:
        return check->format(bytes);
    case CHECK_DEFINED_ONLY:
        return is_defined(subject);
    case CHECK_MIN_ITEMS:
        return subject->count >= check->count;
    case CHECK_MAX_ITEMS:
        return subject->count <= check->count;
    case CHECK_UNIQUE:
    default:
        return is_unique(subject);
    }
}

static void run_checks(struct validation *validation, const struct rules *rules,
                       const struct subject *subject, const struct trail *trail)
{
    for (size_t i = 0; i < rules->count; i++) {
        const struct check *check = &rules->checks[i];
        if (holds(validation, check, subject))
            continue;
        violate(validation, trail, demand_id(check, validation->arena),
                demand_text(check, validation->arena));
    }
}

static struct text bytes_at(const struct schema_field *field, const void *at)
{
    if (field->type != FIELD_STRING && field->type != FIELD_BYTES)
        return (struct text){NULL, 0};
    const ProtobufCBinaryData *data = at;
    return (struct text){data->len ? (const char *)data->data : "", data->len};
}

/* An element, key or value with rules of its own, or a message. */
static void validate_one(struct validation *validation, const struct schema_field *field,
                         const struct rules *rules, const void *at, const struct trail *trail)
{
    struct subject subject = {.field = field, .at = at, .bytes = bytes_at(field, at)};
    if (rules && !rules->skip)
        run_checks(validation, rules, &subject, trail);
    if (field->type == FIELD_MESSAGE && *(ProtobufCMessage *const *)at && !(rules && rules->skip))
        (void)validate_message(validation, field->message, *(ProtobufCMessage *const *)at, trail);
}

static void validate_elements(struct validation *validation, const struct schema_field *field,
                              const ProtobufCMessage *message, const struct trail *trail)
{
    const struct rules *rules = field->rules ? field->rules->items : NULL;
    const char *elements = *(char *const *)schema_value(message, field);
    size_t count = schema_count(message, field), bytes = schema_type_bytes(field->type);
    if (!rules && (field->type != FIELD_MESSAGE || !field->message->has_rules))
        return;
    for (size_t i = 0; i < count; i++) {
        const struct trail here = {.outer = trail, .kind = TRAIL_ELEMENT, .index = i};
        validate_one(validation, field, rules, elements + i * bytes, &here);
    }
}

static struct text key_text(const struct schema_field *key, const void *at, struct arena *arena)
{
    if (key->type == FIELD_STRING)
        return bytes_at(key, at);
    struct number number = number_of(key->type, at);
    struct buffer out;
    buffer_init(&out, arena, DECIMAL_BYTES);
    number_write(&number, &out);
    return buffer_text(&out);
}

static void validate_entries(struct validation *validation, const struct schema_field *field,
                             const ProtobufCMessage *message, const struct trail *trail)
{
    const struct schema_field *key = schema_field_by_number(field->message, 1),
                              *value = schema_field_by_number(field->message, 2);
    const struct rules *rules = field->rules;
    ProtobufCMessage *const *entries =
        *(ProtobufCMessage *const *const *)schema_value(message, field);
    if (!(rules && (rules->keys || rules->values)) && !field->message->has_rules)
        return;
    for (size_t i = 0; i < schema_count(message, field); i++) {
        const void *key_at = schema_value(entries[i], key);
        const struct trail here = {
            .outer = trail, .kind = TRAIL_KEY, .name = key_text(key, key_at, validation->arena)};
        validate_one(validation, key, rules ? rules->keys : NULL, key_at, &here);
        validate_one(validation, value, rules ? rules->values : NULL,
                     schema_value(entries[i], value), &here);
    }
}

/* Whether the field's rules apply to its value (protovalidate: a field that tracks presence and is
 * not set is skipped). */
static bool is_checked(const struct schema_field *field, bool present)
{
    bool tracks = field->shape == FIELD_OPTIONAL || field->shape == FIELD_ONEOF ||
                  (field->shape == FIELD_SINGULAR && field->type == FIELD_MESSAGE);
    return field->rules && !field->rules->skip &&
           (present || (!tracks && !field->rules->skip_zero));
}

static void validate_field(struct validation *validation, const struct schema_field *field,
                           const ProtobufCMessage *message, const struct trail *trail)
{
    bool present = schema_field_present(message, field);
    bool container = field->shape == FIELD_REPEATED || field->shape == FIELD_MAP;
    const void *at = schema_value(message, field);
    if (field->rules && field->rules->required && !present) {
        violate(validation, trail, "required", text_literal("must be set"));
        return;
    }
    if (is_checked(field, present)) {
        struct subject subject = {.field = field, .at = at};
        if (container)
            subject.count = schema_count(message, field);
        else
            subject.bytes = bytes_at(field, at);
        run_checks(validation, field->rules, &subject, trail);
    }
    if (!present || (field->rules && field->rules->skip))
        return;
    if (field->shape == FIELD_MAP)
        validate_entries(validation, field, message, trail);
    else if (field->shape == FIELD_REPEATED)
        validate_elements(validation, field, message, trail);
    else if (field->type == FIELD_MESSAGE)
        (void)validate_message(validation, field->message, *(ProtobufCMessage *const *)at, trail);
}

static bool oneof_is_set(const struct schema_message *type, const ProtobufCMessage *message,
                         struct text oneof)
{
    for (size_t i = 0; i < type->field_count; i++)
        if (text_equal(type->fields[i].oneof, oneof) &&
            schema_field_present(message, &type->fields[i]))
            return true;
    return false;
}

static bool validate_message(struct validation *validation, const struct schema_message *type,
                             const ProtobufCMessage *message, const struct trail *trail)
{
    if (!type->has_rules)
        return true;
    for (size_t i = 0; type->rules && i < type->rules->required_oneof_count; i++) {
        const struct trail here = {.outer = trail, .name = type->rules->required_oneofs[i]};
        if (!oneof_is_set(type, message, here.name))
            violate(validation, &here, "required", text_literal("one of its members must be set"));
    }
    for (size_t i = 0; i < type->field_count; i++) {
        const struct schema_field *field = &type->fields[i];
        const struct trail here = {.outer = trail, .name = field->name};
        if (field->rules || (field->message && field->message->has_rules))
            validate_field(validation, field, message, &here);
    }
    return validation->violations->count == 0;
}

/* The first few, as one sentence. */
static bool tell(const struct violations *violations, struct status *status)
{
    char sentence[STATUS_MESSAGE_BYTES];
    size_t told = violations->count < MOST_VIOLATIONS_IN_MESSAGE ? violations->count
                                                                 : MOST_VIOLATIONS_IN_MESSAGE;
    size_t used = 0;
    for (size_t i = 0; i < told && used < sizeof sentence; i++) {
        const struct violation *violation = &violations->list[i];
        int wanted =
            snprintf(sentence + used, sizeof sentence - used, "%s%.*s: %.*s", i > 0 ? "; " : "",
                     text_arguments(violation->field), text_arguments(violation->message));
        used += wanted > 0 ? (size_t)wanted : 0;
    }
    size_t more = violations->count - told + violations->more;
    if (more > 0)
        return status_fail(status, STATUS_INVALID_ARGUMENT, "%s; and %zu more", sentence, more);
    return status_fail(status, STATUS_INVALID_ARGUMENT, "%s", sentence);
}

bool validate(const struct schema_message *type, const ProtobufCMessage *message,
              struct arena *arena, struct violations *violations, struct status *status)
{
    struct validation validation = {.arena = arena, .violations = violations};
    violations->count = violations->more = 0;
    return validate_message(&validation, type, message, NULL) || tell(violations, status);
}
