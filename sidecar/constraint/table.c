/* SPDX-License-Identifier: MIT */
#include "constraint/table.h"

#include "base/banned.h"

static const struct rule_row string_rows[] = {
    {1, "const", CHECK_CONST, MEANS_OPERAND},
    {2, "min_len", CHECK_MIN_LEN, MEANS_COUNT},
    {3, "max_len", CHECK_MAX_LEN, MEANS_COUNT},
    {4, "min_bytes", CHECK_MIN_BYTES, MEANS_COUNT},
    {5, "max_bytes", CHECK_MAX_BYTES, MEANS_COUNT},
    {6, "pattern", CHECK_PATTERN, MEANS_PATTERN},
    {7, "prefix", CHECK_PREFIX, MEANS_OPERAND},
    {8, "suffix", CHECK_SUFFIX, MEANS_OPERAND},
    {9, "contains", CHECK_CONTAINS, MEANS_OPERAND},
    {10, "in", CHECK_IN, MEANS_OPERAND},
    {11, "not_in", CHECK_NOT_IN, MEANS_OPERAND},
    {19, "len", CHECK_LEN, MEANS_COUNT},
    {20, "len_bytes", CHECK_LEN_BYTES, MEANS_COUNT},
    {23, "not_contains", CHECK_NOT_CONTAINS, MEANS_OPERAND},
    {25, "strict", CHECK_FORMAT, MEANS_STRICTNESS},
    {34, "example", CHECK_CONST, MEANS_NOTHING},
};

static const struct rule_row bytes_rows[] = {
    {1, "const", CHECK_CONST, MEANS_OPERAND},     {2, "min_len", CHECK_MIN_BYTES, MEANS_COUNT},
    {3, "max_len", CHECK_MAX_BYTES, MEANS_COUNT}, {5, "prefix", CHECK_PREFIX, MEANS_OPERAND},
    {6, "suffix", CHECK_SUFFIX, MEANS_OPERAND},   {7, "contains", CHECK_CONTAINS, MEANS_OPERAND},
    {8, "in", CHECK_IN, MEANS_OPERAND},           {9, "not_in", CHECK_NOT_IN, MEANS_OPERAND},
    {13, "len", CHECK_LEN_BYTES, MEANS_COUNT},    {14, "example", CHECK_CONST, MEANS_NOTHING},
};

/* The rules of all numeric types. The number of `example` is not the same in all of them. */
#define NUMBER_ROWS                                                                                \
    {1, "const", CHECK_CONST, MEANS_OPERAND}, {2, "lt", CHECK_RANGE, MEANS_HIGH},                  \
        {3, "lte", CHECK_RANGE, MEANS_HIGH_INCLUSIVE}, {4, "gt", CHECK_RANGE, MEANS_LOW},          \
        {5, "gte", CHECK_RANGE, MEANS_LOW_INCLUSIVE}, {6, "in", CHECK_IN, MEANS_OPERAND},          \
    {                                                                                              \
        7, "not_in", CHECK_NOT_IN, MEANS_OPERAND                                                   \
    }

static const struct rule_row integer_rows[] = {
    NUMBER_ROWS,
    {8, "example", CHECK_CONST, MEANS_NOTHING},
};

static const struct rule_row int64_rows[] = {
    NUMBER_ROWS,
    {9, "example", CHECK_CONST, MEANS_NOTHING},
};

static const struct rule_row real_rows[] = {
    NUMBER_ROWS,
    {8, "finite", CHECK_FINITE, MEANS_SWITCH},
    {9, "example", CHECK_CONST, MEANS_NOTHING},
};

static const struct rule_row bool_rows[] = {
    {1, "const", CHECK_CONST, MEANS_OPERAND},
    {2, "example", CHECK_CONST, MEANS_NOTHING},
};

static const struct rule_row enum_rows[] = {
    {1, "const", CHECK_CONST, MEANS_OPERAND},
    {2, "defined_only", CHECK_DEFINED_ONLY, MEANS_SWITCH},
    {3, "in", CHECK_IN, MEANS_OPERAND},
    {4, "not_in", CHECK_NOT_IN, MEANS_OPERAND},
    {5, "example", CHECK_CONST, MEANS_NOTHING},
};

/* The rules that Durations and Timestamps share. */
#define TIME_ROWS                                                                                  \
    {2, "const", CHECK_CONST, MEANS_OPERAND}, {3, "lt", CHECK_RANGE, MEANS_HIGH},                  \
        {4, "lte", CHECK_RANGE, MEANS_HIGH_INCLUSIVE}, {5, "gt", CHECK_RANGE, MEANS_LOW},          \
    {                                                                                              \
        6, "gte", CHECK_RANGE, MEANS_LOW_INCLUSIVE                                                 \
    }

static const struct rule_row duration_rows[] = {
    TIME_ROWS,
    {7, "in", CHECK_IN, MEANS_OPERAND},
    {8, "not_in", CHECK_NOT_IN, MEANS_OPERAND},
    {9, "example", CHECK_CONST, MEANS_NOTHING},
};

static const struct rule_row timestamp_rows[] = {
    TIME_ROWS,
    {7, "lt_now", CHECK_BEFORE_NOW, MEANS_SWITCH},
    {8, "gt_now", CHECK_AFTER_NOW, MEANS_SWITCH},
    {9, "within", CHECK_WITHIN, MEANS_SPAN},
    {10, "example", CHECK_CONST, MEANS_NOTHING},
};

static const struct rule_row field_mask_rows[] = {
    {1, "const", CHECK_PATHS, MEANS_PATHS},
    {2, "in", CHECK_PATHS_IN, MEANS_PATH},
    {3, "not_in", CHECK_PATHS_NOT_IN, MEANS_PATH},
    {4, "example", CHECK_PATHS, MEANS_NOTHING},
};

static const struct rule_row repeated_rows[] = {
    {1, "min_items", CHECK_MIN_ITEMS, MEANS_COUNT},
    {2, "max_items", CHECK_MAX_ITEMS, MEANS_COUNT},
    {3, "unique", CHECK_UNIQUE, MEANS_SWITCH},
};

static const struct rule_row map_rows[] = {
    {1, "min_pairs", CHECK_MIN_ITEMS, MEANS_COUNT},
    {2, "max_pairs", CHECK_MAX_ITEMS, MEANS_COUNT},
};

#define rows_of(table)                                                                             \
    {                                                                                              \
        table, array_length(table)                                                                 \
    }

static const struct type_rules parts[] = {
    {1, FIELD_FLOAT, WELL_KNOWN_NONE, WIRE_FIXED32, "float", rows_of(real_rows)},
    {2, FIELD_DOUBLE, WELL_KNOWN_NONE, WIRE_FIXED64, "double", rows_of(real_rows)},
    {3, FIELD_INT32, WELL_KNOWN_NONE, WIRE_VARINT, "int32", rows_of(integer_rows)},
    {4, FIELD_INT64, WELL_KNOWN_NONE, WIRE_VARINT, "int64", rows_of(int64_rows)},
    {5, FIELD_UINT32, WELL_KNOWN_NONE, WIRE_VARINT, "uint32", rows_of(integer_rows)},
    {6, FIELD_UINT64, WELL_KNOWN_NONE, WIRE_VARINT, "uint64", rows_of(integer_rows)},
    {7, FIELD_SINT32, WELL_KNOWN_NONE, WIRE_VARINT, "sint32", rows_of(integer_rows)},
    {8, FIELD_SINT64, WELL_KNOWN_NONE, WIRE_VARINT, "sint64", rows_of(integer_rows)},
    {9, FIELD_FIXED32, WELL_KNOWN_NONE, WIRE_FIXED32, "fixed32", rows_of(integer_rows)},
    {10, FIELD_FIXED64, WELL_KNOWN_NONE, WIRE_FIXED64, "fixed64", rows_of(integer_rows)},
    {11, FIELD_SFIXED32, WELL_KNOWN_NONE, WIRE_FIXED32, "sfixed32", rows_of(integer_rows)},
    {12, FIELD_SFIXED64, WELL_KNOWN_NONE, WIRE_FIXED64, "sfixed64", rows_of(integer_rows)},
    {13, FIELD_BOOL, WELL_KNOWN_NONE, WIRE_VARINT, "bool", rows_of(bool_rows)},
    {14, FIELD_STRING, WELL_KNOWN_NONE, WIRE_BYTES, "string", rows_of(string_rows)},
    {15, FIELD_BYTES, WELL_KNOWN_NONE, WIRE_BYTES, "bytes", rows_of(bytes_rows)},
    {16, FIELD_ENUM, WELL_KNOWN_NONE, WIRE_VARINT, "enum", rows_of(enum_rows)},
    {21, FIELD_MESSAGE, WELL_KNOWN_DURATION, WIRE_BYTES, "duration", rows_of(duration_rows)},
    {22, FIELD_MESSAGE, WELL_KNOWN_TIMESTAMP, WIRE_BYTES, "timestamp", rows_of(timestamp_rows)},
    {28, FIELD_MESSAGE, WELL_KNOWN_FIELD_MASK, WIRE_BYTES, "field_mask", rows_of(field_mask_rows)},
};

static const struct {
    const char *part;
    uint32_t number;
    const char *name;
} refused[] = {
    {"field", 20, "any"},
    {"field", 23, "cel"},
    {"field", 29, "cel_expression"},
    {"message", 3, "cel"},
    {"message", 5, "cel_expression"},
    {"bytes", 4, "pattern"},
};

const struct type_rules *constraint_table_type(uint32_t number)
{
    for (size_t i = 0; i < array_length(parts); i++)
        if (parts[i].number == number)
            return &parts[i];
    return NULL;
}

struct rows constraint_table_of_repeated(void)
{
    return (struct rows)rows_of(repeated_rows);
}

struct rows constraint_table_of_maps(void)
{
    return (struct rows)rows_of(map_rows);
}

const char *constraint_table_unsupported(const char *part, uint32_t number)
{
    for (size_t i = 0; i < array_length(refused); i++)
        if (refused[i].number == number && strcmp(refused[i].part, part) == 0)
            return refused[i].name;
    return NULL;
}

const struct rule_row *constraint_table_row(struct rows rows, uint32_t number)
{
    for (size_t i = 0; i < rows.count; i++)
        if (rows.list[i].number == number)
            return &rows.list[i];
    return NULL;
}
