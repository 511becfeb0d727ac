/* SPDX-License-Identifier: MIT */
#include "constraint/validate.h"

#include <stdio.h>

#include "constraint/constraint.h"
#include "schema/field_path.h"

#include "base/banned.h"

/* The number of violations in the message of a status. */
#define VIOLATIONS_IN_MESSAGE 3

/* The state of validating one message. */
struct validation {
    struct check_context context;
    struct violations *violations;
};

static void validate_message(struct validation *validation, const struct schema_message *type,
                             const ProtobufCMessage *message, const struct field_path *field_path);

static void violate(struct validation *validation, const struct field_path *field_path,
                    const char *rule_id, struct text message)
{
    struct violations *violations = validation->violations;
    if (violations->count == VALIDATE_VIOLATIONS) {
        violations->more++;
        return;
    }
    struct text field = field_path_text(field_path, validation->context.arena);
    validation->context.full |= field_path && field.size == 0;
    violations->list[violations->count++] = (struct violation){
        .field = field,
        .rule_id = text_of(rule_id),
        .message = message,
    };
}

static void violate_check(struct validation *validation, const struct check *check,
                          enum check_outcome outcome, const struct checked_value *subject,
                          const struct field_path *field_path)
{
    const char *id = check->id;
    struct text message = check->requirement;
    if (outcome == CHECK_GAVE_UP)
        message = text_literal("takes too much work to be matched against its pattern");
    if (check->format && subject->bytes.size == 0)
        id = check->format->empty_id;
    violate(validation, field_path, id, message);
}

static void run_checks(struct validation *validation, const struct constraints *constraints,
                       const struct checked_value *subject, const struct field_path *field_path)
{
    for (const struct check *check = constraints->checks; check; check = check->next) {
        enum check_outcome outcome = check_value(&validation->context, check, subject);
        if (outcome != CHECK_HOLDS)
            violate_check(validation, check, outcome, subject, field_path);
    }
}

static struct text bytes_at(const struct schema_field *field, const void *at)
{
    if (field->type != FIELD_STRING && field->type != FIELD_BYTES)
        return (struct text){NULL, 0};
    struct text text = schema_text(at);
    return text.size ? text : text_literal("");
}

static bool is_zero(const struct schema_field *field, const void *at)
{
    if (field->type == FIELD_MESSAGE)
        return false;
    if (field->type == FIELD_STRING || field->type == FIELD_BYTES)
        return bytes_at(field, at).size == 0;
    struct number number = number_of(field->type, at);
    return number.form == NUMBER_REAL ? number.d == 0 : number.u == 0;
}

static const ProtobufCMessage *message_at(const void *at)
{
    return *(const ProtobufCMessage *const *)at;
}

/* Validates a field, an element or a key. A wrapper is validated as its value. */
static void validate_value(struct validation *validation, const struct schema_field *field,
                           const struct constraints *constraints, const void *at,
                           const struct field_path *field_path)
{
    if (constraints && constraints->checks) {
        const struct schema_field *value = constraints_value_field(field);
        struct checked_value subject = {.field = value, .at = at};
        if (value != field)
            subject.at = schema_value(message_at(at), value);
        subject.bytes = bytes_at(value, subject.at);
        run_checks(validation, constraints, &subject, field_path);
    }
    if (field->type == FIELD_MESSAGE)
        validate_message(validation, field->message, message_at(at), field_path);
}

static void validate_element(struct validation *validation, const struct schema_field *field,
                             const struct constraints *constraints, const void *at,
                             const struct field_path *field_path)
{
    if (!constraints || (!constraints->skip && !(constraints->skip_zero && is_zero(field, at))))
        validate_value(validation, field, constraints, at, field_path);
}

static void validate_elements(struct validation *validation, const struct schema_field *field,
                              const ProtobufCMessage *message, const struct field_path *field_path)
{
    const struct constraints *constraints = field->constraints ? field->constraints->items : NULL;
    const char *elements = *(char *const *)schema_value(message, field);
    size_t count = schema_count(message, field), bytes = schema_type_bytes(field->type);
    if (!constraints && (field->type != FIELD_MESSAGE || !field->message->has_constraints))
        return;
    for (size_t i = 0; i < count; i++) {
        const struct field_path here = {
            .outer = field_path, .kind = FIELD_PATH_ELEMENT, .index = i};
        validate_element(validation, field, constraints, elements + i * bytes, &here);
    }
}

/* Makes the part of a path that names a key; numbers are written into `digits`. */
static struct field_path key_path(const struct field_path *outer, const struct schema_field *key,
                                  const void *at, char digits[DECIMAL_BYTES + 1])
{
    struct field_path field_path = {.outer = outer, .kind = FIELD_PATH_WORD};
    struct number number;
    if (key->type == FIELD_STRING) {
        field_path.kind = FIELD_PATH_KEY;
        field_path.name = bytes_at(key, at);
        return field_path;
    }
    number = number_of(key->type, at);
    if (key->type == FIELD_BOOL) {
        field_path.name = number.u ? text_literal("true") : text_literal("false");
        return field_path;
    }
    bool negative = number.form == NUMBER_SIGNED && number.i < 0;
    digits[0] = '-';
    size_t bytes = text_from_u64(digits + negative, negative ? 0 - number.u : number.u);
    field_path.name = (struct text){digits, bytes + negative};
    return field_path;
}

static void validate_entries(struct validation *validation, const struct schema_field *field,
                             const ProtobufCMessage *message, const struct field_path *field_path)
{
    const struct schema_field *key = schema_field_by_number(field->message, 1),
                              *value = schema_field_by_number(field->message, 2);
    const struct constraints *constraints = field->constraints;
    ProtobufCMessage *const *entries =
        *(ProtobufCMessage *const *const *)schema_value(message, field);
    if (!(constraints && (constraints->keys || constraints->values)) &&
        !field->message->has_constraints)
        return;
    for (size_t i = 0; i < schema_count(message, field); i++) {
        char digits[DECIMAL_BYTES + 1];
        const void *key_at = schema_value(entries[i], key);
        const struct field_path here = key_path(field_path, key, key_at, digits);
        validate_element(validation, key, constraints ? constraints->keys : NULL, key_at, &here);
        validate_element(validation, value, constraints ? constraints->values : NULL,
                         schema_value(entries[i], value), &here);
    }
}

static void validate_container(struct validation *validation, const struct schema_field *field,
                               const ProtobufCMessage *message, const struct field_path *field_path)
{
    const struct constraints *constraints = field->constraints;
    struct checked_value subject = {
        .field = field,
        .at = schema_value(message, field),
        .count = schema_count(message, field),
    };
    if (constraints && (subject.count > 0 || !constraints->skip_zero))
        run_checks(validation, constraints, &subject, field_path);
    if (field->shape == FIELD_MAP)
        validate_entries(validation, field, message, field_path);
    else
        validate_elements(validation, field, message, field_path);
}

static bool is_unfilled(const struct schema_field *field, const ProtobufCMessage *message)
{
    return field->filled_by.size > 0 && bytes_at(field, schema_value(message, field)).size == 0;
}

static void violate_unfilled(struct validation *validation, const struct schema_field *field,
                             const struct field_path *field_path)
{
    struct buffer text;
    buffer_init(&text, validation->context.arena, 64);
    buffer_add_literal(&text, "must be set, by the caller or with --");
    buffer_add_text(&text, field->filled_by);
    validation->context.full |= text.full;
    violate(validation, field_path, "required", buffer_text(&text));
}

/* As protovalidate defines it: of a field that tracks presence and is not set only `required` is
 * checked; a field that is set to its zero value is checked, whatever IGNORE_IF_ZERO_VALUE says. */
static void validate_field(struct validation *validation, const struct schema_field *field,
                           const ProtobufCMessage *message, const struct field_path *field_path)
{
    const struct constraints *constraints = field->constraints;
    bool present = schema_field_present(message, field);
    bool tracks = field->shape == FIELD_OPTIONAL || field->shape == FIELD_ONEOF ||
                  (field->shape == FIELD_SINGULAR && field->type == FIELD_MESSAGE);
    if (is_unfilled(field, message)) {
        violate_unfilled(validation, field, field_path);
        return;
    }
    if (constraints && constraints->skip)
        return;
    if (constraints && constraints->required && !present)
        violate(validation, field_path, "required", text_literal("must be set"));
    else if (schema_is_list(field))
        validate_container(validation, field, message, field_path);
    else if (present || !(tracks || (constraints && constraints->skip_zero)))
        validate_value(validation, field, constraints, schema_value(message, field), field_path);
}

static size_t count_set(const struct oneof_rule *oneof, const ProtobufCMessage *message)
{
    size_t set = 0;
    for (size_t i = 0; i < oneof->field_count; i++)
        set += schema_field_present(message, oneof->fields[i]);
    return set;
}

/* A oneof has a path of its own; a rule of the message is about the message. */
static void validate_oneof(struct validation *validation, const struct oneof_rule *oneof,
                           const ProtobufCMessage *message, const struct field_path *field_path)
{
    const struct field_path member = {.outer = field_path, .name = oneof->name};
    const struct field_path *here = oneof->name.size > 0 ? &member : field_path;
    size_t set = count_set(oneof, message);
    if (set > 1)
        violate(validation, here, oneof->id, oneof->two);
    else if (set == 0 && oneof->required)
        violate(validation, here, oneof->id, oneof->none);
}

static bool is_validated(const struct schema_field *field)
{
    return field->constraints || field->filled_by.size > 0 ||
           (field->message && field->message->has_constraints);
}

static void validate_message(struct validation *validation, const struct schema_message *type,
                             const ProtobufCMessage *message, const struct field_path *field_path)
{
    struct field_path here = {.outer = field_path};
    if (!type->has_constraints)
        return;
    for (const struct oneof_rule *oneof = type->constraints ? type->constraints->oneofs : NULL;
         oneof; oneof = oneof->next)
        validate_oneof(validation, oneof, message, field_path);
    for (size_t i = 0; i < type->field_count; i++) {
        if (!is_validated(&type->fields[i]))
            continue;
        here.name = type->fields[i].name;
        validate_field(validation, &type->fields[i], message, &here);
    }
}

/* Fails with the first few violations in one sentence. */
static bool fail(const struct violations *violations, struct status *status)
{
    char sentence[STATUS_MESSAGE_BYTES];
    size_t listed =
        violations->count < VIOLATIONS_IN_MESSAGE ? violations->count : VIOLATIONS_IN_MESSAGE;
    size_t used = 0;
    for (size_t i = 0; i < listed && used < sizeof sentence; i++) {
        const struct violation *violation = &violations->list[i];
        int wanted =
            snprintf(sentence + used, sizeof sentence - used, "%s%.*s%s%.*s", i > 0 ? "; " : "",
                     text_arguments(violation->field), violation->field.size > 0 ? ": " : "",
                     text_arguments(violation->message));
        used += wanted > 0 ? (size_t)wanted : 0;
    }
    size_t more = violations->count - listed + violations->more;
    if (more > 0)
        return status_fail(status, STATUS_INVALID_ARGUMENT, "%s; and %zu more", sentence, more);
    return status_fail(status, STATUS_INVALID_ARGUMENT, "%s", sentence);
}

bool validate(const struct schema_message *type, const ProtobufCMessage *message,
              struct arena *arena, struct violations *violations, struct status *status)
{
    struct validation validation = {.context = {.arena = arena}, .violations = violations};
    violations->count = violations->more = 0;
    validate_message(&validation, type, message, NULL);
    if (validation.context.full)
        return status_fail(status, STATUS_RESOURCE_EXHAUSTED,
                           "no memory left to check the message");
    return violations->count == 0 ? true : fail(violations, status);
}
