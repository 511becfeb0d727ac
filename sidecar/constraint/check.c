/* SPDX-License-Identifier: MIT */
/* The check of one value. */
#include <math.h>
#include <stdlib.h>

#include "constraint/constraint.h"

#include "base/banned.h"

/* Up to this number of elements, comparing each with each is cheaper than sorting. */
#define FEW_ELEMENTS 16

static const ProtobufCMessage *message_of(const struct checked_value *subject)
{
    return *(const ProtobufCMessage *const *)subject->at;
}

/* Of a field that is a message only a Duration or a Timestamp is compared. */
static struct number number_at(const struct checked_value *subject)
{
    return subject->field->type == FIELD_MESSAGE
               ? time_of(subject->field->message, message_of(subject))
               : number_of(subject->field->type, subject->at);
}

static bool is_operand(const struct check *check, const struct checked_value *subject)
{
    bool textual = subject->field->type == FIELD_STRING || subject->field->type == FIELD_BYTES;
    struct number number = {0};
    if (!textual)
        number = number_at(subject);
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

/* NaN is not in any range. */
static bool is_in_range(const struct check *check, const struct checked_value *subject)
{
    struct number number = number_at(subject);
    bool above = !check->low.given || is_above(&check->low, &number);
    bool below = !check->high.given || is_below(&check->high, &number);
    return check->outside ? above || below : above && below;
}

static bool is_in_time(const struct check *check, const struct checked_value *subject)
{
    struct number time = number_at(subject), now = time_now();
    if (check->kind == CHECK_WITHIN)
        return time_is_within(&time, &check->operands[0].number, &now);
    int order = time_compare(&time, &now);
    return check->kind == CHECK_BEFORE_NOW ? order <= 0 : order >= 0;
}

static bool is_defined(const struct checked_value *subject)
{
    const struct schema_enum *enumeration = subject->field->enumeration;
    for (size_t i = 0; i < enumeration->value_count; i++)
        if (enumeration->values[i].number == *(const int32_t *)subject->at)
            return true;
    return false;
}

static int compare_texts(const ProtobufCBinaryData *a, const ProtobufCBinaryData *b)
{
    if (a->len != b->len)
        return a->len < b->len ? -1 : 1;
    return a->len == 0 ? 0 : memcmp(a->data, b->data, a->len);
}

/* Returns 0 for equal elements. NaN does not equal anything. */
static int compare_elements(enum field_type type, const void *a, const void *b)
{
    if (type == FIELD_STRING || type == FIELD_BYTES)
        return compare_texts(a, b);
    struct number left = number_of(type, a), right = number_of(type, b);
    return number_compare(&left, &right);
}

/* Orders elements for sorting; NaN comes last. */
static int compare_for_sort(const void *a, const void *b, void *type)
{
    const void *const *left = a, *const *right = b;
    enum field_type of = *(const enum field_type *)type;
    int order = compare_elements(of, *left, *right);
    if (order != 2)
        return order;
    bool left_is_none = compare_elements(of, *left, *left) == 2;
    bool right_is_none = compare_elements(of, *right, *right) == 2;
    return left_is_none - right_is_none;
}

static bool few_are_unique(enum field_type type, const char *elements, size_t count)
{
    size_t bytes = schema_type_bytes(type);
    for (size_t i = 1; i < count; i++)
        for (size_t j = 0; j < i; j++)
            if (compare_elements(type, elements + i * bytes, elements + j * bytes) == 0)
                return false;
    return true;
}

/* A long list is sorted, so that equal elements are neighbours, because comparing each with each
 * takes the square of the length, which the caller controls. */
static bool is_unique(struct check_context *context, const struct checked_value *subject)
{
    enum field_type type = subject->field->type;
    const char *elements = *(const char *const *)subject->at;
    size_t bytes = schema_type_bytes(type), count = subject->count;
    if (count <= FEW_ELEMENTS)
        return few_are_unique(type, elements, count);
    const void **sorted = arena_alloc(context->arena, count * sizeof *sorted);
    if (!sorted) {
        context->full = true;
        return true;
    }
    for (size_t i = 0; i < count; i++)
        sorted[i] = elements + i * bytes;
    qsort_r(sorted, count, sizeof *sorted, compare_for_sort, &type);
    for (size_t i = 1; i < count; i++)
        if (compare_elements(type, sorted[i - 1], sorted[i]) == 0)
            return false;
    return true;
}

static bool contains(struct text text, struct text part)
{
    return part.size == 0 || memmem(text.data, text.size, part.data, part.size);
}

/* Code points are counted only when the size does not decide, because a code point has one to four
 * bytes. */
static bool has_min_length(struct text text, uint64_t least)
{
    return text.size >= least && (text.size / 4 >= least || text_code_points(text) >= least);
}

static bool has_max_length(struct text text, uint64_t most)
{
    return text.size <= most || (text.size / 4 <= most && text_code_points(text) <= most);
}

static void *arena_for_pcre(PCRE2_SIZE bytes, void *arena)
{
    return arena_alloc(arena, bytes);
}

static void leave_to_arena(void *at, void *arena)
{
    (void)at, (void)arena;
}

static enum check_outcome match(struct check_context *context, const struct pattern *pattern,
                                struct text text)
{
    if (!context->match) {
        pcre2_general_context *memory =
            pcre2_general_context_create(arena_for_pcre, leave_to_arena, context->arena);
        context->match = memory ? pcre2_match_data_create(1, memory) : NULL;
    }
    if (!context->match) {
        context->full = true;
        return CHECK_HOLDS;
    }
    enum pattern_outcome outcome = pattern_match(pattern, text, context->match);
    return outcome == PATTERN_GAVE_UP   ? CHECK_GAVE_UP
           : outcome == PATTERN_MATCHES ? CHECK_HOLDS
                                        : CHECK_BROKEN;
}

static bool has_format(const struct check *check, struct text bytes)
{
    const struct value_format *format = check->format;
    return check->loose && format->fits_loosely ? format->fits_loosely(bytes) : format->fits(bytes);
}

/* Checks all kinds but patterns, which can give up. */
static bool holds(struct check_context *context, const struct check *check,
                  const struct checked_value *subject)
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
    case CHECK_BEFORE_NOW:
    case CHECK_AFTER_NOW:
    case CHECK_WITHIN:
        return is_in_time(check, subject);
    case CHECK_LEN:
        return has_min_length(bytes, check->count) && has_max_length(bytes, check->count);
    case CHECK_MIN_LEN:
        return has_min_length(bytes, check->count);
    case CHECK_MAX_LEN:
        return has_max_length(bytes, check->count);
    case CHECK_LEN_BYTES:
        return bytes.size == check->count;
    case CHECK_MIN_BYTES:
        return bytes.size >= check->count;
    case CHECK_MAX_BYTES:
        return bytes.size <= check->count;
    case CHECK_PREFIX:
        return text_starts_with(bytes, check->operands[0].text);
    case CHECK_SUFFIX:
        return text_ends_with(bytes, check->operands[0].text);
    case CHECK_CONTAINS:
        return contains(bytes, check->operands[0].text);
    case CHECK_NOT_CONTAINS:
        return !contains(bytes, check->operands[0].text);
    case CHECK_FORMAT:
        return has_format(check, bytes);
    case CHECK_FINITE:
        return isfinite(number_of(subject->field->type, subject->at).d);
    case CHECK_DEFINED_ONLY:
        return is_defined(subject);
    case CHECK_MIN_ITEMS:
        return subject->count >= check->count;
    case CHECK_MAX_ITEMS:
        return subject->count <= check->count;
    case CHECK_UNIQUE:
        return is_unique(context, subject);
    case CHECK_PATHS:
    case CHECK_PATHS_IN:
    case CHECK_PATHS_NOT_IN:
        return field_mask_holds(check, subject->field->message, message_of(subject));
    case CHECK_PATTERN:
    default:
        return false;
    }
}

enum check_outcome check_value(struct check_context *context, const struct check *check,
                               const struct checked_value *subject)
{
    if (check->kind == CHECK_PATTERN)
        return match(context, check->pattern, subject->bytes);
    return holds(context, check, subject) ? CHECK_HOLDS : CHECK_BROKEN;
}
