/* SPDX-License-Identifier: MIT */
#include "pipeline/lookup.h"

#include <string.h>

#include "base/clock.h"
#include "base/unicode.h"
#include "json/forms.h"

#include "base/banned.h"

/* Assumed difference between our clock and that of an upstream that sends no Date. */
#define CLOCK_DIFFERENCE_NS (5 * CLOCK_NS_PER_S)

const char *const lookup_verdict_names[LOOKUP_VERDICTS] = {
    [LOOKUP_NONE] = "",         [LOOKUP_FOUND] = "FOUND",   [LOOKUP_OLDER] = "OLDER",
    [LOOKUP_EXISTS] = "EXISTS", [LOOKUP_ABSENT] = "ABSENT", [LOOKUP_FAILED] = "FAILED",
};

bool lookup_may_help(enum exchange_cause cause)
{
    return cause == EXCHANGE_CAUSE_NONE || cause == EXCHANGE_CAUSE_LOST ||
           cause == EXCHANGE_CAUSE_UNREADABLE_RESPONSE ||
           cause == EXCHANGE_CAUSE_RESPONSE_TOO_LARGE || cause == EXCHANGE_CAUSE_NO_MEMORY;
}

static void copy_value(const ProtobufCMessage *create, const struct recovery_copy *copy,
                       ProtobufCMessage *request)
{
    if (!schema_field_present(create, copy->from))
        return;
    memcpy(schema_value(request, copy->to), schema_value(create, copy->from),
           schema_type_bytes(copy->to->type));
    schema_field_mark_present(request, copy->to);
}

static void set_constant(const struct recovery_constant *constant, ProtobufCMessage *request)
{
    ProtobufCBinaryData *value = schema_value(request, constant->field);
    value->len = constant->value.size;
    value->data = (uint8_t *)(uintptr_t)constant->value.data;
    schema_field_mark_present(request, constant->field);
}

bool lookup_request(const struct schema_recovery *recovery, const ProtobufCMessage *create,
                    struct arena *arena, ProtobufCMessage **request, struct status *status)
{
    ProtobufCMessage *made = schema_message_new(recovery->lookup->request, arena);
    if (!made)
        return status_fail(status, STATUS_RESOURCE_EXHAUSTED, "no memory left for the look-up");
    for (size_t i = 0; i < recovery->copy_count; i++)
        copy_value(create, &recovery->copies[i], made);
    for (size_t i = 0; i < recovery->constant_count; i++)
        set_constant(&recovery->constants[i], made);
    *request = made;
    return true;
}

int64_t lookup_earliest_ns(const struct http_response *response, int64_t ago_ns, int64_t now_ns)
{
    int64_t date;
    if (!http_date(http_response_field(response, text_literal("Date")), &date) ||
        date > INT64_MAX / CLOCK_NS_PER_S || date < 0)
        return now_ns - ago_ns - CLOCK_DIFFERENCE_NS;
    return date * CLOCK_NS_PER_S - ago_ns;
}

static struct text text_value(const ProtobufCMessage *message, const struct schema_field *field)
{
    return schema_text(schema_value(message, field));
}

bool lookup_belongs(const struct schema_recovery *recovery, const ProtobufCMessage *create,
                    const ProtobufCMessage *response)
{
    return !recovery->created || !schema_field_present(response, recovery->match) ||
           unicode_equal(text_value(response, recovery->match),
                         text_value(create, recovery->wanted));
}

static int64_t integer_value(const ProtobufCMessage *message, const struct schema_field *field)
{
    const void *value = schema_value(message, field);
    return field->type == FIELD_INT32 ? *(const int32_t *)value : *(const int64_t *)value;
}

static ProtobufCMessage *const *elements_of(const struct schema_recovery *recovery,
                                            const ProtobufCMessage *listed)
{
    return *(ProtobufCMessage *const **)schema_value(listed, recovery->list);
}

/* True when the list is known to have all there is, each with what it would be found by. */
static bool is_whole(const struct schema_recovery *recovery, const ProtobufCMessage *listed)
{
    const struct schema_field *total = recovery->total;
    size_t count = schema_count(listed, recovery->list);
    if (total && total->shape == FIELD_OPTIONAL && !schema_field_present(listed, total))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!schema_field_present(elements_of(recovery, listed)[i], recovery->match))
            return false;
    return !total || integer_value(listed, total) <= (int64_t)count;
}

/* The latest moment that the time of creation can mean: one of whole seconds is any moment of its
 * second. */
static bool read_created(const struct schema_recovery *recovery, const ProtobufCMessage *element,
                         int64_t *created_ns)
{
    struct text text = text_value(element, recovery->created);
    int64_t seconds;
    int32_t nanos;
    if (!json_form_timestamp(text, &seconds, &nanos) || seconds < 0 ||
        seconds >= INT64_MAX / CLOCK_NS_PER_S)
        return false;
    bool has_fraction = text_contains(text, '.');
    *created_ns = seconds * CLOCK_NS_PER_S + (has_fraction ? nanos : CLOCK_NS_PER_S - 1);
    return true;
}

/* The one element that matches; NULL when none does, and when `several` do. */
static ProtobufCMessage *find_match(const struct schema_recovery *recovery,
                                    const ProtobufCMessage *create, const ProtobufCMessage *listed,
                                    bool *several)
{
    struct text wanted = text_value(create, recovery->wanted);
    ProtobufCMessage *const *elements = elements_of(recovery, listed), *match = NULL;
    *several = false;
    for (size_t i = 0; i < schema_count(listed, recovery->list); i++) {
        if (!unicode_equal(text_value(elements[i], recovery->match), wanted))
            continue;
        *several = match != NULL;
        if (*several)
            return NULL;
        match = elements[i];
    }
    return match;
}

enum lookup_verdict lookup_judge(const struct schema_recovery *recovery,
                                 const ProtobufCMessage *create, const ProtobufCMessage *listed,
                                 int64_t earliest_ns, ProtobufCMessage **found)
{
    bool several;
    int64_t created_ns;
    ProtobufCMessage *match = find_match(recovery, create, listed, &several);
    if (!match)
        return !several && is_whole(recovery, listed) ? LOOKUP_ABSENT : LOOKUP_FAILED;
    if (!recovery->created)
        return LOOKUP_EXISTS;
    if (!read_created(recovery, match, &created_ns))
        return LOOKUP_FAILED;
    if (created_ns < earliest_ns)
        return LOOKUP_OLDER;
    *found = match;
    return LOOKUP_FOUND;
}
