/* SPDX-License-Identifier: MIT */
#include "pipeline/trace_context.h"

#include "base/ascii.h"

#include "base/banned.h"

#define TRACE_ID_DIGITS 32
#define SHORT_TRACE_ID_DIGITS 16
#define SPAN_ID_DIGITS 16

#define TRACESTATE_MEMBERS 32
#define TRACESTATE_PART_BYTES 256

static bool is_lower_hex(char c)
{
    return ascii_is_hex(c) && !ascii_is_upper(c);
}

/* Takes `digits` lower-case hexadecimal digits from the front. */
static bool take_digits(struct text *text, size_t digits, struct text *taken)
{
    struct text rest = *text, front;
    if (!text_take_size(&rest, digits, &front) || !text_consists_of(front, is_lower_hex))
        return false;
    *taken = front;
    *text = rest;
    return true;
}

static bool is_zero(char c)
{
    return c == '0';
}

/* The same, but an id of zeros alone is not valid. */
static bool take_id(struct text *text, size_t digits, struct text *id)
{
    struct text rest = *text, taken;
    if (!take_digits(&rest, digits, &taken) || text_consists_of(taken, is_zero))
        return false;
    *id = taken;
    *text = rest;
    return true;
}

/* W3C Trace Context section 3.2: a later version than 00 may go on behind another dash. */
static bool is_traceparent_rest(struct text rest, bool is_first)
{
    return rest.size == 0 ||
           (!is_first && *rest.data == '-' && text_consists_of(rest, ascii_is_printable));
}

static bool read_traceparent(struct text value, struct text *trace_id)
{
    struct text version, id, span, flags;
    if (!take_digits(&value, 2, &version) || !text_take(&value, '-') ||
        !take_id(&value, TRACE_ID_DIGITS, &id) || !text_take(&value, '-') ||
        !take_id(&value, SPAN_ID_DIGITS, &span) || !text_take(&value, '-') ||
        !take_digits(&value, 2, &flags) || text_equal(version, text_literal("ff")))
        return false;
    if (!is_traceparent_rest(value, text_equal(version, text_literal("00"))))
        return false;
    *trace_id = id;
    return true;
}

static bool is_key_byte(char c)
{
    return ascii_is_lower(c) || ascii_is_digit(c) || ascii_is_one_of(c, "_-*/@");
}

static bool is_value_byte(char c)
{
    return ascii_is_printable(c) && c != '=';
}

static bool is_member(struct text member)
{
    struct text value = member, key;
    return text_take_until(&value, '=', &key) && key.size > 0 &&
           key.size <= TRACESTATE_PART_BYTES && value.size > 0 &&
           value.size <= TRACESTATE_PART_BYTES && text_consists_of(key, is_key_byte) &&
           text_consists_of(value, is_value_byte);
}

/* Section 3.3: members with commas between, of which some may be empty. */
static bool read_tracestate(struct text value, struct text *trace_id)
{
    (void)trace_id;
    for (size_t members = 0; members < TRACESTATE_MEMBERS; members++) {
        struct text member;
        bool more = text_take_part(&value, ',', &member);
        member = text_trim(member);
        if (member.size > 0 && !is_member(member))
            return false;
        if (!more)
            return true;
    }
    return false;
}

/* B3's ids are 64 or 128 bits. */
static bool take_b3_trace_id(struct text *text, struct text *id)
{
    return take_id(text, TRACE_ID_DIGITS, id) || take_id(text, SHORT_TRACE_ID_DIGITS, id);
}

static bool is_one_of(struct text value, const char *characters)
{
    return value.size == 1 && ascii_is_one_of(*value.data, characters);
}

/* Behind B3's span there may be a sampling state, and behind it the parent's span. */
static bool is_b3_rest(struct text rest)
{
    struct text span, state;
    if (rest.size == 0)
        return true;
    if (!text_take(&rest, '-') || !text_take_size(&rest, 1, &state) || !is_one_of(state, "01d"))
        return false;
    return rest.size == 0 ||
           (text_take(&rest, '-') && take_id(&rest, SPAN_ID_DIGITS, &span) && rest.size == 0);
}

/* "{TraceId}-{SpanId}-{SamplingState}-{ParentSpanId}", of which the last two may be missing, or a
 * sampling state alone. */
static bool read_b3(struct text value, struct text *trace_id)
{
    struct text id, span;
    if (is_one_of(value, "01d"))
        return true;
    if (!take_b3_trace_id(&value, &id) || !text_take(&value, '-') ||
        !take_id(&value, SPAN_ID_DIGITS, &span) || !is_b3_rest(value))
        return false;
    *trace_id = id;
    return true;
}

static bool read_b3_trace_id(struct text value, struct text *trace_id)
{
    struct text id;
    if (!take_b3_trace_id(&value, &id) || value.size > 0)
        return false;
    *trace_id = id;
    return true;
}

static bool read_b3_span_id(struct text value, struct text *trace_id)
{
    (void)trace_id;
    struct text span;
    return take_id(&value, SPAN_ID_DIGITS, &span) && value.size == 0;
}

/* Before there was a standard, some wrote words. */
static bool read_b3_sampled(struct text value, struct text *trace_id)
{
    (void)trace_id;
    return is_one_of(value, "01") || text_equal(value, text_literal("true")) ||
           text_equal(value, text_literal("false"));
}

static bool read_b3_flags(struct text value, struct text *trace_id)
{
    (void)trace_id;
    return is_one_of(value, "01");
}

static const struct {
    struct text name;
    bool (*read)(struct text value, struct text *trace_id);
} headers[] = {
    {{"traceparent", 11}, read_traceparent},
    {{"tracestate", 10}, read_tracestate},
    {{"b3", 2}, read_b3},
    {{"x-b3-traceid", 12}, read_b3_trace_id},
    {{"x-b3-spanid", 11}, read_b3_span_id},
    {{"x-b3-parentspanid", 17}, read_b3_span_id},
    {{"x-b3-sampled", 12}, read_b3_sampled},
    {{"x-b3-flags", 10}, read_b3_flags},
};

bool trace_context_read(struct text name, struct text value, struct text *trace_id)
{
    for (size_t i = 0; i < array_length(headers); i++)
        if (text_equal(name, headers[i].name))
            return headers[i].read(value, trace_id);
    return false;
}
