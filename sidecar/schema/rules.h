/* SPDX-License-Identifier: MIT */
/* The rules of one field as they are kept; between rules.c, which reads them, and validate.c, which
 * checks them. */
#pragma once

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "schema/message.h"
#include "schema/validate.h"

enum check_kind {
    CHECK_CONST,
    CHECK_IN,
    CHECK_NOT_IN,
    CHECK_RANGE,
    CHECK_LEN, /* of strings in code points */
    CHECK_MIN_LEN,
    CHECK_MAX_LEN,
    CHECK_LEN_BYTES, /* of strings and bytes in bytes */
    CHECK_MIN_BYTES,
    CHECK_MAX_BYTES,
    CHECK_PREFIX,
    CHECK_SUFFIX,
    CHECK_CONTAINS,
    CHECK_NOT_CONTAINS,
    CHECK_PATTERN,
    CHECK_FORMAT, /* a well-known one */
    CHECK_DEFINED_ONLY,
    CHECK_MIN_ITEMS, /* of repeated fields and maps */
    CHECK_MAX_ITEMS,
    CHECK_UNIQUE,
};

/* A number of whatever type its field has. */
struct number {
    enum { NUMBER_SIGNED, NUMBER_UNSIGNED, NUMBER_REAL } form;
    union {
        int64_t i;
        uint64_t u;
        double d;
    };
};

/* One side of a range. */
struct bound {
    bool given, inclusive;
    struct number at;
};

/* A value that a rule names: a number, or text for strings and bytes. */
struct operand {
    struct number number;
    struct text text;
};

struct pattern {
    pcre2_code *code;
    pcre2_match_context *context;
    struct text text; /* as written */
};

struct check {
    enum check_kind kind;
    const char *id; /* "string.min_len" */
    uint64_t count; /* of lengths and items */
    const struct operand *operands;
    size_t operand_count;
    struct bound low, high;
    struct pattern pattern;
    const char *format_name;
    bool (*format)(struct text text);
};

struct rules {
    bool required;
    bool skip_zero; /* ignore = IGNORE_IF_ZERO_VALUE */
    bool skip;      /* ignore = IGNORE_ALWAYS */
    struct check *checks;
    size_t count;
    struct rules *items, *keys,
        *values; /* of elements, a map's keys and values; NULL when there are none */
    struct text required_oneofs[8]; /* of a message: names */
    size_t required_oneof_count;
};

/* -1, 0, 1; 2 when one of them is no number. */
int number_compare(const struct number *a, const struct number *b);

/* A rule's value off the wire, which has the type of the field that it is about. */
struct number number_of_rule(enum field_type type, uint64_t value);

/* The value at `at` of a numeric field, bool and enum included. */
struct number number_of(enum field_type type, const void *at);

/* Formats that are checked. NULL for an unknown number of StringRules. */
struct string_format {
    uint32_t number;
    const char *id, *name;
    bool (*fits)(struct text text);
};
const struct string_format *string_format_find(uint32_t number);

/* Compiles a pattern of RE2's syntax; INVALID_ARGUMENT for what does not compile and for what RE2
 * does not have. */
must_use bool pattern_compile(struct text text, struct arena *arena, struct pattern *pattern,
                              struct status *status);
void pattern_release(struct pattern *pattern);

/* Writes it in decimal. */
void number_write(const struct number *number, struct buffer *out);

/* What a check asks for, "must have at least 3 characters", and its id, in the arena. */
struct text demand_text(const struct check *check, struct arena *arena);
const char *demand_id(const struct check *check, struct arena *arena);
