/* SPDX-License-Identifier: MIT */
#include "hostile_row.h"

#include <stdlib.h>

#include "base/memory.h"

#include "base/banned.h"

static struct text text_in(const struct output *output)
{
    return (struct text){(char *)output->data, output->size};
}

static void send_frame(struct output *bytes, const struct piece *piece)
{
    put_frame(bytes, piece->type, piece->flags, piece->stream, piece->bytes);
}

static void send_request(struct output *bytes, const struct piece *piece)
{
    struct output block = {0};
    write_fields(&block, usual_request, usual_request_count);
    output_add(&block, piece->bytes.data, piece->bytes.size);
    put_block(bytes, piece->stream, piece->flags, text_in(&block));
    output_clear(&block);
}

static void send_two_paths(struct output *bytes, const struct piece *piece)
{
    struct output block = {0};
    write_fields(&block, usual_request, 4);
    write_fields(&block, &(struct field){":path", "/x"}, 1);
    write_fields(&block, usual_request + 4, usual_request_count - 4);
    put_block(bytes, CULPRIT, piece->flags, text_in(&block));
    output_clear(&block);
}

static void send_in_front(struct output *bytes, const struct piece *piece)
{
    struct output payload = {0};
    output_add(&payload, piece->bytes.data, piece->bytes.size);
    write_fields(&payload, usual_request, usual_request_count);
    if (piece->size > 0)
        memset(output_extend(&payload, piece->size), 0, piece->size);
    put_block(bytes, CULPRIT, piece->flags, text_in(&payload));
    output_clear(&payload);
}

static void send_large_value(struct output *bytes, const struct piece *piece)
{
    struct output block = {0};
    char *value = memory_expect(calloc(1, piece->size + 1));
    memset(value, 'v', piece->size);
    write_fields(&block, usual_request, usual_request_count);
    write_fields(&block, &(struct field){"x-large", value}, 1);
    for (size_t at = 0; at < block.size; at += FRAME_PAYLOAD_LIMIT) {
        size_t left = block.size - at;
        size_t part = left < FRAME_PAYLOAD_LIMIT ? left : FRAME_PAYLOAD_LIMIT;
        put_frame(bytes, at == 0 ? FRAME_HEADERS : FRAME_CONTINUATION,
                  part == left ? FLAG_END_HEADERS : 0, CULPRIT,
                  (struct text){(char *)block.data + at, part});
    }
    free(value);
    output_clear(&block);
}

static void send_zeros(struct output *bytes, const struct piece *piece)
{
    void *zeros = memory_expect(calloc(1, piece->size));
    put_frame(bytes, FRAME_DATA, piece->flags, piece->stream, (struct text){zeros, piece->size});
    free(zeros);
}

static void send_message(struct output *bytes, const struct piece *piece)
{
    put_message(bytes, piece->stream, piece->flags, text_literal(CREATE));
}

static void send_many(struct output *bytes, const struct piece *piece)
{
    for (uint32_t i = 0; i < piece->size; i++)
        put_request(bytes, piece->stream + 2 * i, 0);
}

static void (*const senders[])(struct output *bytes, const struct piece *piece) = {
    [A_FRAME] = send_frame,           [A_REQUEST] = send_request,
    [TWO_PATHS] = send_two_paths,     [IN_FRONT] = send_in_front,
    [LARGE_VALUE] = send_large_value, [ZEROS] = send_zeros,
    [A_MESSAGE] = send_message,       [MANY] = send_many,
};

void put_row(struct output *bytes, const struct row *row)
{
    for (size_t i = 0; i < ROW_PIECES && row->pieces[i].kind != NOTHING; i++)
        senders[row->pieces[i].kind](bytes, &row->pieces[i]);
    if (row->pieces[0].kind != NOTHING)
        return;
    put_request_with(bytes, CULPRIT, 0, row->field);
    put_message(bytes, CULPRIT, FLAG_END_STREAM, text_literal(CREATE));
}

uint32_t row_stream(const struct row *row)
{
    if (row->stream != 0)
        return row->stream;
    return row->outcome == CONNECTION ? NEIGHBOUR : CULPRIT;
}
