/* SPDX-License-Identifier: MIT */
/* The rules of one field as they are kept: rules.c reads them at start, check.c holds one value
 * against them, validate.c walks a message. Read-only once read: any thread. */
#pragma once

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "constraint/validate.h"
#include "schema/message.h"

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

/* A form that a string may have to have. */
struct string_format {
    uint32_t number; /* in StringRules */
    const char *id, *empty_id, *name;
    bool (*fits)(struct text text); /* false for the empty text, but for uri_ref */
};

struct pattern {
    pcre2_code *code;
    pcre2_match_context *context;
    struct text text; /* as written */
};

/* One rule. Of what follows `requirement` it has what its kind needs. */
struct check {
    struct check *next;
    enum check_kind kind;
    const char *id;          /* "string.min_len" */
    struct text requirement; /* "must have at least 3 characters" */
    uint64_t count;
    const struct operand *operands;
    size_t operand_count;
    struct bound low, high;
    bool outside; /* a range whose low bound is above its high one: what lies outside of both */
    const struct pattern *pattern;
    const struct string_format *format;
};

struct constraints {
    bool required;
    bool skip_zero; /* ignore = IGNORE_IF_ZERO_VALUE */
    bool skip;      /* ignore = IGNORE_ALWAYS */
    struct check *checks;
    struct constraints *items, *keys, *values; /* of elements, a map's keys and values; or NULL */
    struct text required_oneofs[8];            /* of a message: names */
    size_t required_oneof_count;
};

/* The field that a value's rules are about: of a wrapper its `value`, else the field itself. */
const struct schema_field *constraints_value_field(const struct schema_field *field);

/* -1, 0, 1; 2 when one of them is no number. */
int number_compare(const struct number *a, const struct number *b);

/* A rule's value off the wire, which has the type of the field that it is about. */
struct number number_of_rule(enum field_type type, uint64_t value);

/* The value at `at` of a numeric field, bool and enum included. */
struct number number_of(enum field_type type, const void *at);

/* Writes it in decimal. */
void number_write(const struct number *number, struct buffer *out);

/* NULL for a number of StringRules that is no format which is checked. */
const struct string_format *string_format_find(uint32_t number);

/* The formats of constraint/ip.c and constraint/uri.c. */
bool is_ip(struct text text);
bool is_ipv4(struct text text);
bool is_ipv6(struct text text);
bool is_ip_with_prefixlen(struct text text);
bool is_ipv4_with_prefixlen(struct text text);
bool is_ipv6_with_prefixlen(struct text text);
bool is_ip_prefix(struct text text);
bool is_ipv4_prefix(struct text text);
bool is_ipv6_prefix(struct text text);
bool is_uri(struct text text);
bool is_uri_ref(struct text text);

/* Writes in PCRE2's syntax what a pattern of RE2's syntax means. INVALID_ARGUMENT for what RE2 does
 * not have, and for the little that PCRE2 would understand otherwise. */
must_use bool re2_translate(struct text pattern, struct buffer *out, struct status *status);

/* Compiles a pattern of RE2's syntax into the arena. INVALID_ARGUMENT as re2_translate. */
must_use bool pattern_compile(struct text text, struct arena *arena, const struct pattern **pattern,
                              struct status *status);
void pattern_release(const struct pattern *pattern);

enum pattern_outcome { PATTERN_MATCHES, PATTERN_DOES_NOT_MATCH, PATTERN_GAVE_UP };

/* Whether well-formed UTF-8 matches anywhere. It gives up when that takes too much work, or more
 * memory than `match` may have. */
enum pattern_outcome pattern_match(const struct pattern *pattern, struct text utf8,
                                   pcre2_match_data *match);

/* A value that is checked: of a field, an element, a key. */
struct checked_value {
    const struct schema_field *field;
    const void *at;
    size_t count;      /* of a repeated field or map */
    struct text bytes; /* of a string or bytes */
};

/* What checks work with: the call's arena, and what the first pattern makes in it. */
struct check_context {
    struct arena *arena;
    pcre2_match_data *match;
    bool full; /* the arena is: no answer counts any more */
};

enum check_outcome { CHECK_HOLDS, CHECK_BROKEN, CHECK_GAVE_UP };

/* Holds one value against one rule; only a pattern gives up. */
enum check_outcome check_value(struct check_context *context, const struct check *check,
                               const struct checked_value *subject);

/* Completes a rule that was read: a range's id, and what it demands in words. False when the arena
 * is full. */
must_use bool check_finish(struct check *check, struct arena *arena);
