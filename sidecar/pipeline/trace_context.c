/* SPDX-License-Identifier: MIT */
#include "pipeline/trace_context.h"

#include "base/banned.h"

#define TRACE_ID_DIGITS 32
#define SHORT_TRACE_ID_DIGITS 16
#define SPAN_ID_DIGITS 16

#define TRACESTATE_MEMBERS 32
#define TRACESTATE_PART_BYTES 256

static struct text behind(struct text text, size_t bytes)
{
    return (struct text){text.data + bytes, text.size - bytes};
}

static bool is_digit(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* Takes `digits` lower-case hexadecimal digits from the front. */
static bool take_digits(struct text *text, size_t digits, struct text *taken)
{
    if (text->size < digits)
        return false;
    for (size_t i = 0; i < digits; i++)
        if (!is_digit(text->data[i]))
            return false;
    *taken = (struct text){text->data, digits};
    *text = behind(*text, digits);
    return true;
}

/* The same, but an id of zeros alone is not valid. */
static bool take_id(struct text *text, size_t digits, struct text *id)
{
    struct text rest = *text, taken;
    if (!take_digits(&rest, digits, &taken))
        return false;
    for (size_t i = 0; i < digits; i++) {
        if (taken.data[i] == '0')
            continue;
        *id = taken;
        *text = rest;
        return true;
    }
    return false;
}

static bool take_char(struct text *text, char c)
{
    if (text->size == 0 || *text->data != c)
        return false;
    *text = behind(*text, 1);
    return true;
}

/* W3C Trace Context section 3.2: a later version than 00 may go on behind another dash. */
static bool read_traceparent(struct text value, struct text *trace_id)
{
    struct text version, id, span, flags;
    if (!take_digits(&value, 2, &version) || !take_char(&value, '-') ||
        !take_id(&value, TRACE_ID_DIGITS, &id) || !take_char(&value, '-') ||
        !take_id(&value, SPAN_ID_DIGITS, &span) || !take_char(&value, '-') ||
        !take_digits(&value, 2, &flags) || text_equal(version, text_literal("ff")))
        return false;
    bool is_first = text_equal(version, text_literal("00"));
    if (value.size > 0 && (is_first || *value.data != '-'))
        return false;
    *trace_id = id;
    return true;
}

static bool is_key_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c && strchr("_-*/@", c));
}

static bool is_member(struct text member)
{
    const char *equals = member.size ? memchr(member.data, '=', member.size) : NULL;
    if (!equals)
        return false;
    struct text key = {member.data, (size_t)(equals - member.data)};
    struct text value = behind(member, key.size + 1);
    if (key.size == 0 || key.size > TRACESTATE_PART_BYTES || value.size == 0 ||
        value.size > TRACESTATE_PART_BYTES)
        return false;
    for (size_t i = 0; i < key.size; i++)
        if (!is_key_byte(key.data[i]))
            return false;
    for (size_t i = 0; i < value.size; i++)
        if (value.data[i] < ' ' || value.data[i] > '~' || value.data[i] == '=')
            return false;
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct text trimmed(struct text text)
{
    while (text.size > 0 && is_blank(*text.data))
        text = behind(text, 1);
    while (text.size > 0 && is_blank(text.data[text.size - 1]))
        text.size--;
    return text;
}

/* Section 3.3: members with commas between, of which some may be empty. */
static bool read_tracestate(struct text value, struct text *trace_id)
{
    (void)trace_id;
    for (size_t members = 0; members < TRACESTATE_MEMBERS; members++) {
        const char *comma = value.size ? memchr(value.data, ',', value.size) : NULL;
        struct text rest = comma ? behind(value, (size_t)(comma - value.data) + 1) : value;
        struct text member =
            trimmed(comma ? (struct text){value.data, (size_t)(comma - value.data)} : value);
        if (member.size > 0 && !is_member(member))
            return false;
        if (!comma)
            return true;
        value = rest;
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
    return value.size == 1 && *value.data && strchr(characters, *value.data);
}

/* What may follow B3's span: a sampling state, and behind it the parent's span. */
static bool is_b3_rest(struct text rest)
{
    struct text span;
    if (rest.size == 0)
        return true;
    if (!take_char(&rest, '-') || rest.size == 0 || !is_one_of((struct text){rest.data, 1}, "01d"))
        return false;
    rest = behind(rest, 1);
    return rest.size == 0 ||
           (take_char(&rest, '-') && take_id(&rest, SPAN_ID_DIGITS, &span) && rest.size == 0);
}

/* "{TraceId}-{SpanId}-{SamplingState}-{ParentSpanId}", of which the last two may be missing, or a
 * sampling state alone. */
static bool read_b3(struct text value, struct text *trace_id)
{
    struct text id, span;
    if (is_one_of(value, "01d"))
        return true;
    if (!take_b3_trace_id(&value, &id) || !take_char(&value, '-') ||
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
