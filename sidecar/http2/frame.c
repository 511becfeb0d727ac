/* SPDX-License-Identifier: MIT */
#include "http2/frame.h"

#include <string.h>

#include "base/banned.h"

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void advance(struct input *input, size_t size)
{
    input->data += size;
    input->size -= size;
}

static void read_head(struct frame_reader *reader)
{
    const uint8_t *head = reader->head;
    reader->frame = (struct frame){
        .size = (uint32_t)head[0] << 16 | (uint32_t)head[1] << 8 | head[2],
        .type = head[3],
        .flags = head[4],
        .stream = frame_read_u31(head + 5),
    };
    reader->to_skip = reader->frame.size;
}

bool frame_reader_head(struct frame_reader *reader, struct input *input)
{
    if (reader->head_size == FRAME_HEAD_BYTES)
        return true;
    size_t size = least(FRAME_HEAD_BYTES - reader->head_size, input->size);
    if (size == 0)
        return false;
    memcpy(reader->head + reader->head_size, input->data, size);
    reader->head_size += size;
    advance(input, size);
    if (reader->head_size < FRAME_HEAD_BYTES)
        return false;
    read_head(reader);
    return true;
}

bool frame_reader_payload(struct frame_reader *reader, struct input *input)
{
    size_t missing = reader->frame.size - reader->payload.size;
    size_t size = least(missing, input->size);
    if (size == missing && reader->payload.size == 0) {
        reader->frame.payload = size > 0 ? input->data : reader->head;
    } else {
        output_add(&reader->payload, input->data, size);
        reader->frame.payload = size == missing ? reader->payload.data : NULL;
    }
    advance(input, size);
    return size == missing;
}

bool frame_reader_skip(struct frame_reader *reader, struct input *input)
{
    size_t size = least(reader->to_skip, input->size);
    if (size > 0 && reader->to_skip == reader->frame.size)
        reader->first_skipped = input->data[0];
    reader->to_skip -= size;
    advance(input, size);
    return reader->to_skip == 0;
}

void frame_reader_next(struct frame_reader *reader)
{
    reader->head_size = 0;
    if (reader->payload.data)
        output_clear(&reader->payload);
}

void frame_reader_clear(struct frame_reader *reader)
{
    output_clear(&reader->payload);
}

bool frame_remove_padding(struct frame *frame)
{
    if (!(frame->flags & FLAG_PADDED))
        return true;
    if (frame->size == 0 || frame->payload[0] >= frame->size)
        return false;
    frame->size -= 1 + (uint32_t)frame->payload[0];
    frame->payload++;
    frame->flags &= (uint8_t)~FLAG_PADDED;
    return true;
}

void frame_write_u32(uint8_t *at, uint32_t number)
{
    at[0] = (uint8_t)(number >> 24);
    at[1] = (uint8_t)(number >> 16);
    at[2] = (uint8_t)(number >> 8);
    at[3] = (uint8_t)number;
}

void frame_write_head(uint8_t *at, const struct frame *head)
{
    frame_write_u32(at, head->size << 8 | head->type);
    at[4] = head->flags;
    frame_write_u32(at + 5, head->stream);
}

void frame_write(struct output *output, const struct frame *frame)
{
    uint8_t *at = output_extend(output, FRAME_HEAD_BYTES + frame->size);
    frame_write_head(at, frame);
    if (frame->size > 0)
        memcpy(at + FRAME_HEAD_BYTES, frame->payload, frame->size);
}

/* A frame whose payload is one number. */
static void write_number(struct output *output, enum frame_type type, uint32_t stream,
                         uint32_t number)
{
    uint8_t payload[4];
    frame_write_u32(payload, number);
    frame_write(output, &(struct frame){.size = sizeof payload,
                                        .stream = stream,
                                        .type = (uint8_t)type,
                                        .payload = payload});
}

void frame_write_rst_stream(struct output *output, uint32_t stream, enum http2_error error)
{
    write_number(output, FRAME_RST_STREAM, stream, error);
}

void frame_write_window_update(struct output *output, uint32_t stream, uint32_t increment)
{
    write_number(output, FRAME_WINDOW_UPDATE, stream, increment);
}

void frame_write_goaway(struct output *output, uint32_t last_stream, enum http2_error error)
{
    uint8_t payload[8];
    frame_write_u32(payload, last_stream);
    frame_write_u32(payload + 4, error);
    frame_write(output,
                &(struct frame){.size = sizeof payload, .type = FRAME_GOAWAY, .payload = payload});
}

void frame_write_ping_ack(struct output *output, const uint8_t *value)
{
    frame_write(output, &(struct frame){
                            .size = 8, .type = FRAME_PING, .flags = FLAG_ACK, .payload = value});
}
