/* SPDX-License-Identifier: MIT */
#include "constraint/constraint.h"

#include "base/banned.h"

static struct number signed_number(int64_t i)
{
    return (struct number){.form = NUMBER_SIGNED, .i = i};
}

static struct number unsigned_number(uint64_t u)
{
    return (struct number){.form = NUMBER_UNSIGNED, .u = u};
}

static struct number real_number(double d)
{
    return (struct number){.form = NUMBER_REAL, .d = d};
}

static int64_t zigzag(uint64_t value)
{
    return (int64_t)(value >> 1 ^ (0 - (value & 1)));
}

static double double_of(uint64_t bits)
{
    double number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

static double float_of(uint64_t bits)
{
    float number;
    uint32_t narrow = (uint32_t)bits;
    memcpy(&number, &narrow, sizeof number);
    return (double)number;
}

struct number number_of_rule(enum field_type type, uint64_t value)
{
    switch (type) {
    case FIELD_DOUBLE:
        return real_number(double_of(value));
    case FIELD_FLOAT:
        return real_number(float_of(value));
    case FIELD_SINT32:
    case FIELD_SINT64:
        return signed_number(zigzag(value));
    case FIELD_INT32:
    case FIELD_SFIXED32:
    case FIELD_ENUM:
        return signed_number((int32_t)(uint32_t)value);
    case FIELD_INT64:
    case FIELD_SFIXED64:
        return signed_number((int64_t)value);
    case FIELD_UINT32:
    case FIELD_FIXED32:
    case FIELD_UINT64:
    case FIELD_FIXED64:
    case FIELD_BOOL:
    case FIELD_STRING:
    case FIELD_MESSAGE:
    case FIELD_BYTES:
    default:
        return unsigned_number(value);
    }
}

struct number number_of(enum field_type type, const void *at)
{
    switch (type) {
    case FIELD_DOUBLE:
        return real_number(*(const double *)at);
    case FIELD_FLOAT:
        return real_number((double)*(const float *)at);
    case FIELD_INT32:
    case FIELD_SINT32:
    case FIELD_SFIXED32:
    case FIELD_ENUM:
        return signed_number(*(const int32_t *)at);
    case FIELD_INT64:
    case FIELD_SINT64:
    case FIELD_SFIXED64:
        return signed_number(*(const int64_t *)at);
    case FIELD_UINT32:
    case FIELD_FIXED32:
        return unsigned_number(*(const uint32_t *)at);
    case FIELD_BOOL:
        return unsigned_number(*(const protobuf_c_boolean *)at != 0);
    case FIELD_UINT64:
    case FIELD_FIXED64:
    case FIELD_STRING:
    case FIELD_MESSAGE:
    case FIELD_BYTES:
    default:
        return unsigned_number(*(const uint64_t *)at);
    }
}

int number_compare(const struct number *a, const struct number *b)
{
    if (a->form == NUMBER_DURATION || a->form == NUMBER_TIMESTAMP)
        return time_compare(a, b);
    if (a->form == NUMBER_SIGNED)
        return (a->i > b->i) - (a->i < b->i);
    if (a->form == NUMBER_UNSIGNED)
        return (a->u > b->u) - (a->u < b->u);
    if (a->d != a->d || b->d != b->d)
        return 2;
    return (a->d > b->d) - (a->d < b->d);
}
