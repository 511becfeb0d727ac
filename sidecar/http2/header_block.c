/* SPDX-License-Identifier: MIT */
#include "http2/header_block.h"

#include <nghttp2/nghttp2.h>
#include <string.h>

#include "base/memory.h"

#include "base/banned.h"

/* Memory that an inflater holds beside the entries of its dynamic table. */
#define INFLATER_BYTES 1536

#define LITERAL_WITHOUT_INDEXING 0

nghttp2_hd_inflater *header_inflater_new(void)
{
    nghttp2_hd_inflater *inflater;
    return nghttp2_hd_inflate_new(&inflater) == 0 ? inflater : memory_expect(NULL);
}

void header_inflater_free(nghttp2_hd_inflater *inflater)
{
    nghttp2_hd_inflate_del(inflater);
}

size_t header_inflater_memory(nghttp2_hd_inflater *inflater)
{
    return INFLATER_BYTES + nghttp2_hd_inflate_get_dynamic_table_size(inflater);
}

static void give(const nghttp2_nv *field, header_function *each, void *context)
{
    each(context, (struct text){(const char *)field->name, field->namelen},
         (struct text){(const char *)field->value, field->valuelen});
}

bool header_block_decode(nghttp2_hd_inflater *inflater, struct input block, header_function *each,
                         void *context)
{
    int flags = 0;
    while (!(flags & NGHTTP2_HD_INFLATE_FINAL)) {
        nghttp2_nv field;
        flags = 0;
        ssize_t used =
            nghttp2_hd_inflate_hd2(inflater, &field, &flags, block.data, block.size, true);
        if (used < 0)
            return false;
        block.data += used;
        block.size -= (size_t)used;
        if (flags & NGHTTP2_HD_INFLATE_EMIT)
            give(&field, each, context);
    }
    return nghttp2_hd_inflate_end_headers(inflater) == 0;
}

/* RFC 7541 section 5.1, with a prefix of 7 bits: the highest bit, of Huffman codes, stays 0. */
static uint8_t *write_large_length(uint8_t *at, size_t length)
{
    *at++ = 127;
    for (length -= 127; length >= 128; length >>= 7)
        *at++ = (uint8_t)(length | 128);
    *at++ = (uint8_t)length;
    return at;
}

static inline uint8_t *write_string(uint8_t *at, struct text string)
{
    if (string.size < 127)
        *at++ = (uint8_t)string.size;
    else
        at = write_large_length(at, string.size);
    if (string.size > 0)
        memcpy(at, string.data, string.size);
    return at + string.size;
}

/* The longest form of a length of 64 bits. */
#define LENGTH_BYTES 11

void header_write(struct output *block, struct text name, struct text value)
{
    output_reserve(block, 1 + 2 * LENGTH_BYTES + name.size + value.size);
    uint8_t *at = block->data + block->size;
    *at++ = LITERAL_WITHOUT_INDEXING;
    at = write_string(at, name);
    at = write_string(at, value);
    block->size = (size_t)(at - block->data);
}

#define WHOLE_FIELD 128 /* the bit of a field that is in a table as a whole */
#define NAME_PREFIX 15  /* larger places need a second byte, section 5.1 */

void header_write_value(struct output *block, enum header_place place, struct text value)
{
    output_reserve(block, 2 + LENGTH_BYTES + value.size);
    uint8_t *at = block->data + block->size;
    *at++ = (uint8_t)(place < NAME_PREFIX ? place : NAME_PREFIX);
    if (place >= NAME_PREFIX)
        *at++ = (uint8_t)(place - NAME_PREFIX);
    at = write_string(at, value);
    block->size = (size_t)(at - block->data);
}

void header_write_place(struct output *block, enum header_place place)
{
    *output_extend(block, 1) = (uint8_t)(WHOLE_FIELD | place);
}

/* Those fields of the static table that are written by their place. */
static const struct static_field {
    enum header_place place;
    struct text name, value;
} static_fields[] = {
    {HEADER_AUTHORITY, {":authority", 10}, {"", 0}},
    {HEADER_METHOD_POST, {":method", 7}, {"POST", 4}},
    {HEADER_PATH, {":path", 5}, {"/", 1}},
    {HEADER_SCHEME_HTTP, {":scheme", 7}, {"http", 4}},
    {HEADER_CONTENT_TYPE, {"content-type", 12}, {"", 0}},
    {HEADER_HOST, {"host", 4}, {"", 0}},
    {HEADER_USER_AGENT, {"user-agent", 10}, {"", 0}},
};

static const struct static_field *static_field_at(unsigned place)
{
    size_t i = 0;
    while (static_fields[i].place != place)
        i++;
    return &static_fields[i];
}

static struct text read_string(struct input *block)
{
    size_t at = 0, size = block->data[at++];
    if (size == 127) {
        for (unsigned shift = 0;; shift += 7) {
            uint8_t byte = block->data[at++];
            size += (size_t)(byte & 127) << shift;
            if (!(byte & 128))
                break;
        }
    }
    struct text string = {(const char *)block->data + at, size};
    block->data += at + size;
    block->size -= at + size;
    return string;
}

static unsigned read_byte(struct input *block)
{
    block->size--;
    return *block->data++;
}

bool header_read(struct input *block, struct text *name, struct text *value)
{
    if (block->size == 0)
        return false;
    unsigned first = read_byte(block);
    if (first & WHOLE_FIELD) {
        *name = static_field_at(first - WHOLE_FIELD)->name;
        *value = static_field_at(first - WHOLE_FIELD)->value;
        return true;
    }
    unsigned place = first == NAME_PREFIX ? NAME_PREFIX + read_byte(block) : first;
    *name = place == LITERAL_WITHOUT_INDEXING ? read_string(block) : static_field_at(place)->name;
    *value = read_string(block);
    return true;
}

size_t header_frame_begin(struct output *output)
{
    size_t start = output->size;
    output_extend(output, FRAME_HEAD_BYTES);
    return start;
}

/* Moves the second and later pieces of a block back, from its end, so that each has a head. */
static void make_continuations(struct output *output, size_t start, uint32_t stream, size_t size)
{
    size_t pieces = (size - 1) / FRAME_PAYLOAD_LIMIT;
    output_extend(output, pieces * FRAME_HEAD_BYTES);
    uint8_t *block = output->data + start + FRAME_HEAD_BYTES;
    for (size_t i = pieces; i > 0; i--) {
        size_t from = i * FRAME_PAYLOAD_LIMIT;
        struct frame head = {.size = (uint32_t)(size - from),
                             .stream = stream,
                             .type = FRAME_CONTINUATION,
                             .flags = i == pieces ? FLAG_END_HEADERS : 0};
        uint8_t *to = block + from + (i - 1) * FRAME_HEAD_BYTES;
        memmove(to + FRAME_HEAD_BYTES, block + from, head.size);
        frame_write_head(to, &head);
        size = from;
    }
}

void header_frame_end(struct output *output, size_t start, uint32_t stream, uint8_t flags)
{
    size_t size = output->size - start - FRAME_HEAD_BYTES;
    struct frame head = {.size = (uint32_t)size,
                         .stream = stream,
                         .type = FRAME_HEADERS,
                         .flags = flags | FLAG_END_HEADERS};
    if (size > FRAME_PAYLOAD_LIMIT) {
        make_continuations(output, start, stream, size);
        head.size = FRAME_PAYLOAD_LIMIT;
        head.flags = flags;
    }
    frame_write_head(output->data + start, &head);
}
