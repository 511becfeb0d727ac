/* SPDX-License-Identifier: MIT */
/*
 * Can any stream break the response reader, or be read in two ways? The stream is read whole, byte
 * by byte, and in pieces whose sizes follow from the stream: the results must be equal, and the
 * properties of a complete response must hold.
 */
#include <assert.h>
#include <stdint.h>

#include "http1_reading.h"

#include "base/banned.h"

/* Small, so that inputs of a fuzzer's size reach each of them. */
static const struct http1_limits limits = {
    .head_bytes = 512, .field_count = 8, .body_bytes = 1024, .interim = 2};

static void check_field(const struct http_field *field)
{
    assert(field->name.size > 0 && !memchr(field->name.data, ':', field->name.size));
    assert(!field->value.size || (!memchr(field->value.data, '\r', field->value.size) &&
                                  !memchr(field->value.data, '\n', field->value.size) &&
                                  !memchr(field->value.data, '\0', field->value.size)));
}

static void check_complete(const struct reading *reading, struct text stream)
{
    assert(reading->consumed <= stream.size && reading->fault == HTTP1_FAULT_NONE);
    assert(reading->response.status == reading->status);
    assert(reading->status >= 200 && reading->status <= 599);
    assert(reading->response.field_count <= limits.field_count);
    assert(reading->response.body.size <= limits.body_bytes);
    assert(reading->response.body.size <= stream.size);
    for (size_t i = 0; i < reading->response.field_count; i++)
        check_field(&reading->response.fields[i]);
}

static void check_broken(const struct reading *reading)
{
    assert(reading->fault != HTTP1_FAULT_NONE && reading->fault != HTTP1_FAULT_ARENA_FULL);
    assert(reading->why.code == STATUS_UNKNOWN && reading->why.message[0] != '\0');
    assert(text_is_utf8(text_of(reading->why.message)));
}

static void check(struct text stream, const struct reading_plan *plan, size_t first, size_t then)
{
    struct reading whole;
    reading_init(&whole, stream, plan);
    if (whole.progress == HTTP1_COMPLETE)
        check_complete(&whole, stream);
    if (whole.progress == HTTP1_BROKEN)
        check_broken(&whole);
    assert(whole.progress != HTTP1_MORE || !plan->ends);
    bool alike = reads_alike(&whole, stream, plan, 1, 1) &&
                 reads_alike(&whole, stream, plan, first, then) &&
                 reads_alike(&whole, stream, plan, first, stream.size + 1);
    assert(alike);
    reading_clear(&whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text stream = {(const char *)data, size};
    struct reading_plan plan = {.first = size + 1, .then = 1, .limits = limits};
    size_t sum = size;
    for (size_t i = 0; i < size; i++)
        sum = sum * 31 + data[i];
    plan.ends = sum & 1;
    plan.head_request = (sum & 14) == 14;
    check(stream, &plan, sum / 16 % (size + 1), 1 + sum / 256 % 16);
    return 0;
}
