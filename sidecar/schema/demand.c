/* SPDX-License-Identifier: MIT */
/* Rules in words. */
#include <stdarg.h>
#include <string.h>

#include "schema/rules.h"

#include "base/banned.h"

static struct text textf(struct arena *arena, const char *format, ...) printf_like(2, 3);

static struct text textf(struct arena *arena, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    text_format(text, sizeof text, format, arguments);
    va_end(arguments);
    struct text made = text_of(text);
    char *kept = arena_copy(arena, made.at, made.bytes);
    return kept ? (struct text){kept, made.bytes} : text_literal("");
}

void number_write(const struct number *number, struct buffer *out)
{
    char real[REAL_BYTES];
    if (number->form == NUMBER_SIGNED)
        buffer_add_i64(out, number->i);
    else if (number->form == NUMBER_UNSIGNED)
        buffer_add_u64(out, number->u);
    else
        buffer_add(out, real, text_from_real(real, number->d, false));
}

static void add_operands(struct buffer *out, const struct check *check)
{
    for (size_t i = 0; i < check->operand_count; i++) {
        const struct operand *operand = &check->operands[i];
        if (i > 0)
            buffer_add_literal(out, ", ");
        if (!operand->text.at) {
            number_write(&operand->number, out);
            continue;
        }
        buffer_add_char(out, '"');
        buffer_add_text(out, operand->text);
        buffer_add_char(out, '"');
    }
}

static void add_range(struct buffer *out, const struct check *check)
{
    if (check->low.given) {
        buffer_add_text(out,
                        check->low.inclusive ? text_literal("at least ") : text_literal("above "));
        number_write(&check->low.at, out);
    }
    if (check->low.given && check->high.given)
        buffer_add_text(out, number_compare(&check->low.at, &check->high.at) >= 0
                                 ? text_literal(" or ")
                                 : text_literal(" and "));
    if (check->high.given) {
        buffer_add_text(out,
                        check->high.inclusive ? text_literal("at most ") : text_literal("below "));
        number_write(&check->high.at, out);
    }
}

/* What a check asks for, behind "must ": `%s` is its number, its values or its pattern. */
static const char *const demands[] = {
    [CHECK_CONST] = "be %s",
    [CHECK_IN] = "be one of %s",
    [CHECK_NOT_IN] = "be none of %s",
    [CHECK_RANGE] = "be %s",
    [CHECK_LEN] = "have exactly %s characters",
    [CHECK_MIN_LEN] = "have at least %s characters",
    [CHECK_MAX_LEN] = "have at most %s characters",
    [CHECK_LEN_BYTES] = "have exactly %s bytes",
    [CHECK_MIN_BYTES] = "have at least %s bytes",
    [CHECK_MAX_BYTES] = "have at most %s bytes",
    [CHECK_PREFIX] = "begin with %s",
    [CHECK_SUFFIX] = "end with %s",
    [CHECK_CONTAINS] = "contain %s",
    [CHECK_NOT_CONTAINS] = "not contain %s",
    [CHECK_PATTERN] = "match the pattern %s",
    [CHECK_FORMAT] = "be %s",
    [CHECK_DEFINED_ONLY] = "be a value that the enum defines",
    [CHECK_MIN_ITEMS] = "have at least %s elements",
    [CHECK_MAX_ITEMS] = "have at most %s elements",
    [CHECK_UNIQUE] = "have no element twice",
};

static void add_demand(struct buffer *out, const struct check *check)
{
    const char *demand = demands[check->kind], *gap = strstr(demand, "%s");
    buffer_add(out, demand, gap ? (size_t)(gap - demand) : strlen(demand));
    if (!gap)
        return;
    if (check->kind == CHECK_RANGE)
        add_range(out, check);
    else if (check->pattern.code)
        buffer_add_text(out, check->pattern.text);
    else if (check->format)
        buffer_add_text(out, text_of(check->format_name));
    else if (check->operand_count > 0)
        add_operands(out, check);
    else
        buffer_add_u64(out, check->count);
    buffer_add_text(out, text_of(gap + 2));
}

struct text demand_text(const struct check *check, struct arena *arena)
{
    struct buffer out;
    buffer_init(&out, arena, 64);
    buffer_add_literal(&out, "must ");
    add_demand(&out, check);
    return buffer_text(&out);
}

/* "int32.gt" and its like: a range's id names what it has, low end first, and says when it is
 * reversed. */
static const char *range_id(const struct check *check, struct arena *arena)
{
    const char *dot = strchr(check->id, '.');
    const char *low = !check->low.given ? "" : check->low.inclusive ? "gte" : "gt";
    const char *high = !check->high.given ? "" : check->high.inclusive ? "lte" : "lt";
    bool both = check->low.given && check->high.given;
    bool outside = both && number_compare(&check->low.at, &check->high.at) >= 0;
    return textf(arena, "%.*s.%s%s%s%s", (int)(dot - check->id), check->id, low, both ? "_" : "",
                 high, outside ? "_exclusive" : "")
        .at;
}

const char *demand_id(const struct check *check, struct arena *arena)
{
    return check->kind == CHECK_RANGE ? range_id(check, arena) : check->id;
}

void rules_describe(const struct rules *rules, struct buffer *out)
{
    const char *separator = "";
    if (rules && rules->required) {
        buffer_add_literal(out, "required");
        separator = ", ";
    }
    for (size_t i = 0; rules && i < rules->count; i++) {
        buffer_add_text(out, text_of(separator));
        add_demand(out, &rules->checks[i]);
        separator = ", ";
    }
}
