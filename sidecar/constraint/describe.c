/* SPDX-License-Identifier: MIT */
/* Descriptions of rules for people. */
#include <string.h>

#include "base/ascii.h"
#include "constraint/constraint.h"

#include "base/banned.h"

void number_write(const struct number *number, struct buffer *out)
{
    char real[REAL_BYTES];
    if (number->form == NUMBER_SIGNED)
        buffer_add_i64(out, number->i);
    else if (number->form == NUMBER_UNSIGNED)
        buffer_add_u64(out, number->u);
    else if (number->form != NUMBER_REAL)
        time_write(number, out);
    else
        buffer_add(out, real, text_from_real(real, number->d, false));
}

/* Writes bytes that are not UTF-8 in hexadecimal. */
static void add_operand(struct buffer *out, struct text text)
{
    if (text_is_utf8(text)) {
        buffer_add_char(out, '"');
        buffer_add_text(out, text);
        buffer_add_char(out, '"');
        return;
    }
    buffer_add_literal(out, "0x");
    for (size_t i = 0; i < text.size; i++) {
        buffer_add_char(out, ascii_hex_digit((unsigned char)text.data[i] >> 4));
        buffer_add_char(out, ascii_hex_digit((unsigned char)text.data[i]));
    }
}

static void add_operands(struct buffer *out, const struct check *check)
{
    for (size_t i = 0; i < check->operand_count; i++) {
        const struct operand *operand = &check->operands[i];
        if (i > 0)
            buffer_add_literal(out, ", ");
        if (operand->text.data)
            add_operand(out, operand->text);
        else
            number_write(&operand->number, out);
    }
}

static void add_range(struct buffer *out, const struct check *check)
{
    const struct bound *low = &check->low, *high = &check->high;
    if (low->given) {
        buffer_add_text(out, low->inclusive ? text_literal("at least ") : text_literal("above "));
        number_write(&low->at, out);
    }
    if (low->given && high->given)
        buffer_add_text(out, check->outside ? text_literal(" or ") : text_literal(" and "));
    if (high->given) {
        buffer_add_text(out, high->inclusive ? text_literal("at most ") : text_literal("below "));
        number_write(&high->at, out);
    }
}

/* The text of a requirement, which follows "must ", and the unit of its number. */
static const struct {
    const char *text, *unit;
} requirements[] = {
    [CHECK_CONST] = {"be ", NULL},
    [CHECK_IN] = {"be one of ", NULL},
    [CHECK_NOT_IN] = {"be none of ", NULL},
    [CHECK_RANGE] = {"be ", NULL},
    [CHECK_BEFORE_NOW] = {"be in the past", NULL},
    [CHECK_AFTER_NOW] = {"be in the future", NULL},
    [CHECK_WITHIN] = {"not differ from the current time by more than ", NULL},
    [CHECK_LEN] = {"have exactly ", " character"},
    [CHECK_MIN_LEN] = {"have at least ", " character"},
    [CHECK_MAX_LEN] = {"have at most ", " character"},
    [CHECK_LEN_BYTES] = {"have exactly ", " byte"},
    [CHECK_MIN_BYTES] = {"have at least ", " byte"},
    [CHECK_MAX_BYTES] = {"have at most ", " byte"},
    [CHECK_PREFIX] = {"begin with ", NULL},
    [CHECK_SUFFIX] = {"end with ", NULL},
    [CHECK_CONTAINS] = {"contain ", NULL},
    [CHECK_NOT_CONTAINS] = {"not contain ", NULL},
    [CHECK_PATTERN] = {"match the pattern ", NULL},
    [CHECK_FORMAT] = {"be ", NULL},
    [CHECK_FINITE] = {"be finite", NULL},
    [CHECK_DEFINED_ONLY] = {"be a value that the enum defines", NULL},
    [CHECK_MIN_ITEMS] = {"have at least ", " element"},
    [CHECK_MAX_ITEMS] = {"have at most ", " element"},
    [CHECK_UNIQUE] = {"have no element twice", NULL},
    [CHECK_PATHS] = {"have exactly the paths ", NULL},
    [CHECK_PATHS_IN] = {"have only paths of ", NULL},
    [CHECK_PATHS_NOT_IN] = {"have no path of ", NULL},
};

static void add_requirement(struct buffer *out, const struct check *check)
{
    const char *unit = requirements[check->kind].unit;
    buffer_add_text(out, text_of(requirements[check->kind].text));
    if (unit) {
        buffer_add_u64(out, check->count);
        buffer_add_text(out, text_of(unit));
        buffer_add_text(out, check->count == 1 ? text_literal("") : text_literal("s"));
    } else if (check->kind == CHECK_RANGE) {
        add_range(out, check);
    } else if (check->pattern) {
        buffer_add_text(out, check->pattern->text);
    } else if (check->format) {
        buffer_add_text(out, text_of(check->format->name));
    } else {
        add_operands(out, check);
    }
}

/* Makes the id of a range, such as "int32.gt_lte": its bounds, the low one first, and "_exclusive"
 * when values outside of them are allowed. */
static const char *range_id(const struct check *check, struct arena *arena)
{
    struct buffer id;
    struct text type = {check->id, (size_t)(strchr(check->id, '.') + 1 - check->id)};
    buffer_init(&id, arena, 48);
    buffer_add_text(&id, type);
    if (check->low.given)
        buffer_add_text(&id, check->low.inclusive ? text_literal("gte") : text_literal("gt"));
    if (check->low.given && check->high.given)
        buffer_add_char(&id, '_');
    if (check->high.given)
        buffer_add_text(&id, check->high.inclusive ? text_literal("lte") : text_literal("lt"));
    if (check->outside)
        buffer_add_literal(&id, "_exclusive");
    buffer_add_char(&id, '\0');
    return id.full ? NULL : id.at;
}

bool check_finish(struct check *check, struct arena *arena)
{
    struct buffer requirement;
    if (check->kind == CHECK_RANGE) {
        check->outside = check->low.given && check->high.given &&
                         number_compare(&check->low.at, &check->high.at) > 0;
        check->id = range_id(check, arena);
    }
    buffer_init(&requirement, arena, 64);
    buffer_add_literal(&requirement, "must ");
    add_requirement(&requirement, check);
    check->requirement = buffer_text(&requirement);
    return check->id && !requirement.full;
}

/* Writes the requirements, with `separator` between them. */
static void describe(const struct constraints *constraints, const char *subject,
                     const char **separator, struct buffer *out)
{
    if (constraints && constraints->required) {
        buffer_add_text(out, text_of(*separator));
        buffer_add_text(out, text_of(subject));
        buffer_add_literal(out, "required");
        *separator = ", ";
    }
    for (const struct check *check = constraints ? constraints->checks : NULL; check;
         check = check->next) {
        buffer_add_text(out, text_of(*separator));
        buffer_add_text(out, text_of(subject));
        add_requirement(out, check);
        *separator = ", ";
    }
}

void constraints_describe(const struct constraints *constraints, struct buffer *out)
{
    const char *separator = "";
    describe(constraints, "", &separator, out);
    if (!constraints)
        return;
    describe(constraints->items, "elements: ", &separator, out);
    describe(constraints->keys, "keys: ", &separator, out);
    describe(constraints->values, "values: ", &separator, out);
}
