/* SPDX-License-Identifier: MIT */
#include "http2/reply.h"

#include "base/base64.h"
#include "base/percent.h"
#include "http2/header_block.h"

#include "base/banned.h"

/* Bytes of grpc-message, as they are written; longer ones are cut. */
#define MESSAGE_BYTES 1024

/* PROTOCOL-HTTP2.md, "Status-Message": bytes but the visible ones are percent-encoded. */
static struct text percent_encode(struct text message, char encoded[MESSAGE_BYTES])
{
    size_t size = 0;
    for (size_t i = 0; i < message.size && size + 3 <= MESSAGE_BYTES; i++) {
        uint8_t byte = (uint8_t)message.data[i];
        if (byte >= ' ' && byte <= '~' && byte != '%') {
            encoded[size++] = (char)byte;
            continue;
        }
        percent_encode_byte((char)byte, encoded + size);
        size += 3;
    }
    return (struct text){encoded, size};
}

static void write_number(struct output *block, struct text name, int64_t number)
{
    char digits[DECIMAL_BYTES];
    bool negative = number < 0;
    digits[0] = '-';
    size_t size = text_from_u64(digits + negative, (uint64_t)(negative ? -number : number));
    header_write(block, name, (struct text){digits, size + negative});
}

static void write_details(struct output *block, struct text details)
{
    char memory[GUARD_DETAILS_BYTES / 3 * 4 + 8];
    struct arena arena;
    struct buffer encoded;
    arena_init_with(&arena, sizeof memory, memory, sizeof memory);
    buffer_init(&encoded, &arena, 0);
    base64_encode(details, BASE64_STANDARD, &encoded);
    header_write(block, text_literal("grpc-status-details-bin"), buffer_text(&encoded));
}

static size_t begin(struct output *output)
{
    size_t start = header_frame_begin(output);
    *output_extend(output, 1) = TABLE_SIZE_UPDATE_TO_0;
    return start;
}

static void write_content_type(struct output *block)
{
    header_write(block, text_literal("content-type"), text_literal("application/grpc"));
}

static void write_encodings(struct output *block)
{
    header_write(block, text_literal("grpc-accept-encoding"),
                 text_literal("identity,deflate,gzip"));
}

static void write_head(struct output *block, const struct guard_failure *failure)
{
    write_number(block, text_literal(":status"), failure->http_status);
    write_content_type(block);
    if (failure->http_status == 405) /* RFC 9110 section 15.5.6 */
        header_write(block, text_literal("allow"), text_literal("POST"));
    if (failure->names_encodings)
        write_encodings(block);
}

void reply_write(struct output *output, const struct reply *reply)
{
    const struct guard_refusal *refusal = reply->refusal;
    const struct guard_failure *failure = refusal->failure;
    char message[MESSAGE_BYTES];
    size_t start = begin(output);
    if (!reply->headers_were_sent)
        write_head(output, failure);
    write_number(output, text_literal("grpc-status"), failure->code);
    header_write(output, text_literal("grpc-message"), percent_encode(failure->message, message));
    if (failure->has_pushback)
        write_number(output, text_literal("grpc-retry-pushback-ms"), failure->pushback_ms);
    if (refusal->request_id_size > 0)
        header_write(output, text_literal("x-request-id"),
                     (struct text){refusal->request_id, refusal->request_id_size});
    if (refusal->details_size > 0)
        write_details(output, (struct text){refusal->details, refusal->details_size});
    header_frame_end(output, start, reply->stream, FLAG_END_STREAM);
}

void reply_write_headers(struct output *output, uint32_t stream, const struct guard_field *fields,
                         size_t field_count)
{
    size_t start = begin(output);
    header_write(output, text_literal(":status"), text_literal("200"));
    write_content_type(output);
    write_encodings(output);
    for (size_t i = 0; i < field_count; i++)
        header_write(output, fields[i].name, fields[i].value);
    header_frame_end(output, start, stream, 0);
}

/* The fields that are in response headers only. */
static bool is_of_headers(struct text name)
{
    return name.data[0] == ':' || text_equal(name, text_literal("content-type"));
}

static void add_trailer(void *context, struct text name, struct text value)
{
    if (!is_of_headers(name))
        header_write(context, name, value);
}

bool reply_write_trailers(struct output *output, uint32_t stream, struct input block)
{
    struct nghttp2_hd_inflater *inflater = header_inflater_new();
    size_t start = begin(output);
    bool decoded = header_block_decode(inflater, block, add_trailer, output);
    header_inflater_free(inflater);
    if (decoded)
        header_frame_end(output, start, stream, FLAG_END_STREAM);
    else
        output->size = start;
    return decoded;
}
