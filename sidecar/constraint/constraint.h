/* SPDX-License-Identifier: MIT */
/* The constraints of one field in memory: parse.c reads them at start, check.c checks one value,
 * validate.c a whole message. For the files of this folder. Read-only once read: any thread. */
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
    CHECK_BEFORE_NOW, /* of timestamps */
    CHECK_AFTER_NOW,
    CHECK_WITHIN,
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
    CHECK_FINITE,
    CHECK_DEFINED_ONLY,
    CHECK_MIN_ITEMS, /* of repeated fields and maps */
    CHECK_MAX_ITEMS,
    CHECK_UNIQUE,
    CHECK_PATHS, /* of field masks */
    CHECK_PATHS_IN,
    CHECK_PATHS_NOT_IN,
};

/* A number of any numeric type, or a google.protobuf.Duration or Timestamp. */
struct number {
    enum {
        NUMBER_SIGNED,
        NUMBER_UNSIGNED,
        NUMBER_REAL,
        NUMBER_DURATION,
        NUMBER_TIMESTAMP,
    } form;
    union {
        int64_t i;
        uint64_t u;
        double d;
        struct {
            int64_t seconds;
            int32_t nanos;
        };
    };
};

/* One side of a range. */
struct bound {
    bool given, inclusive;
    struct number at;
};

/* A value in a rule: a number, or text for strings, bytes and paths of field masks. */
struct operand {
    struct number number;
    struct text text;
};

/* A well-known format of strings or bytes. */
struct value_format {
    enum field_type type;
    uint32_t number; /* in StringRules or BytesRules */
    uint32_t value;  /* of that rule */
    const char *id, *empty_id, *name;
    bool (*fits)(struct text text);
    bool (*fits_loosely)(struct text text); /* with `strict` false; NULL: the same */
};

struct pattern {
    pcre2_code *code;
    pcre2_match_context *context;
    struct text text; /* as written */
};

/* One rule. Of the members behind `requirement` those of its kind are set. */
struct check {
    struct check *next;
    enum check_kind kind;
    const char *id;          /* "string.min_len" */
    struct text requirement; /* "must have at least 3 characters" */
    uint64_t count;
    struct operand *operands;
    size_t operand_count, operand_room;
    struct bound low, high;
    bool outside; /* the low bound is above the high one: values outside of both are allowed */
    const struct pattern *pattern;
    const struct value_format *format;
    bool loose; /* the format's `fits_loosely` decides */
};

/* Fields of a message of which at most one may be set: those of a oneof, or those that a rule of
 * the message names. */
struct oneof_rule {
    struct oneof_rule *next;
    const char *id;        /* "required" or "message.oneof" */
    struct text name;      /* of the oneof; empty when the message has the rule */
    bool required;         /* exactly one must be set */
    struct text none, two; /* "one of its members must be set", when none is, and when two are */
    const struct schema_field **fields;
    size_t field_count;
};

struct constraints {
    bool required;
    bool skip_zero; /* ignore = IGNORE_IF_ZERO_VALUE */
    bool skip;      /* ignore = IGNORE_ALWAYS */
    bool loose;     /* strict = false */
    struct check *checks;
    struct constraints *items, *keys,
        *values; /* of elements, and of keys and values of a map; NULL without */
    struct oneof_rule *oneofs, *last_oneof; /* of a message */
};

/* Returns the field whose value is checked: the `value` of a wrapper, else the field itself. */
const struct schema_field *constraints_value_field(const struct schema_field *field);

/* Compares two numbers: -1, 0 or 1, and 2 when one of them is NaN. */
int number_compare(const struct number *a, const struct number *b);

/* Converts a number of a rule on the wire to the type of the field of the rule. */
struct number number_of_rule(enum field_type type, uint64_t value);

/* Returns the value at `at` of a numeric field, a bool or an enum. */
struct number number_of(enum field_type type, const void *at);

/* Reads a serialized Duration or Timestamp, as a rule has it; false when it is not one. */
must_use bool time_of_rule(enum well_known type, struct text bytes, struct number *number);

/* Returns the value of a Duration or Timestamp. */
struct number time_of(const struct schema_message *type, const ProtobufCMessage *message);

/* The current time. */
struct number time_now(void);

/* Compares two Durations or two Timestamps: -1, 0 or 1. */
int time_compare(const struct number *a, const struct number *b);

/* Returns whether a Timestamp is at most a Duration before or after another one. */
bool time_is_within(const struct number *time, const struct number *span,
                    const struct number *other);

/* Writes "1.5s", or "2024-01-01T00:00:00Z". */
void time_write(const struct number *number, struct buffer *out);

/* Checks the paths of a google.protobuf.FieldMask. */
bool field_mask_holds(const struct check *check, const struct schema_message *type,
                      const ProtobufCMessage *mask);

/* Writes a number in decimal. */
void number_write(const struct number *number, struct buffer *out);

/* Finds a format by its number in the rules of a type, and the value of that rule; NULL when it is
 * not checked. */
const struct value_format *value_format_find(enum field_type type, uint32_t number, uint64_t value);

/* Returns whether that rule names a format. */
bool value_format_has(enum field_type type, uint32_t number);

/* The formats that constraint/ip.c and constraint/uri.c check. */
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

/* Translates a pattern in RE2's syntax to PCRE2's syntax with the same meaning. INVALID_ARGUMENT on
 * syntax that RE2 does not have, and on the few constructs that cannot be translated. */
must_use bool re2_translate(struct text pattern, struct buffer *out, struct status *status);

/* Compiles a pattern in RE2's syntax; `pattern` is in the arena, the compiled code is not.
 * INVALID_ARGUMENT as re2_translate. */
must_use bool pattern_compile(struct text text, struct arena *arena, const struct pattern **pattern,
                              struct status *status);
void pattern_release(const struct pattern *pattern);

enum pattern_outcome { PATTERN_MATCHES, PATTERN_DOES_NOT_MATCH, PATTERN_GAVE_UP };

/* Matches anywhere in well-formed UTF-8. Gives up when the match takes too much work, or more
 * memory than `match` may have. */
enum pattern_outcome pattern_match(const struct pattern *pattern, struct text utf8,
                                   pcre2_match_data *match);

/* A value that is checked: a field, an element, a key. */
struct checked_value {
    const struct schema_field *field;
    const void *at;
    size_t count;      /* of a repeated field or map */
    struct text bytes; /* of a string or bytes */
};

/* The state of checking one message: the arena of the call, and the match data that the first
 * pattern makes in it. */
struct check_context {
    struct arena *arena;
    pcre2_match_data *match;
    bool full; /* the arena is full, so that the outcome is not valid */
};

enum check_outcome { CHECK_HOLDS, CHECK_BROKEN, CHECK_GAVE_UP };

/* Checks one value. Only a pattern gives up. */
enum check_outcome check_value(struct check_context *context, const struct check *check,
                               const struct checked_value *subject);

/* Completes a rule that was read: sets the id of a range, and `requirement`. False when the arena
 * is full. */
must_use bool check_finish(struct check *check, struct arena *arena);
