/* SPDX-License-Identifier: MIT */
#include "http2_caller.h"

#include "http2/header_block.h"
#include "http2/preface.h"

#include "base/banned.h"

const struct field usual_request[] = {
    {":method", "POST"},
    {":scheme", "http"},
    {":path", "/huaweicloud.apig.v2.ApiGroupService/CreateApiGroup"},
    {":authority", "sidecar:8080"},
    {"te", "trailers"},
    {"content-type", "application/grpc"},
    {"user-agent", "grpc-c/29.0.0"},
    {"grpc-accept-encoding", "identity, deflate, gzip"},
    {"grpc-timeout", "10S"},
};
const size_t usual_request_count = array_length(usual_request);

void put_preface(struct output *bytes)
{
    output_add(bytes, PREFACE, PREFACE_BYTES);
    put_frame(bytes, FRAME_SETTINGS, 0, 0, text_literal(""));
}

void put_frame(struct output *bytes, uint8_t type, uint8_t flags, uint32_t stream,
               struct text payload)
{
    frame_write(bytes, &(struct frame){.size = (uint32_t)payload.size,
                                       .stream = stream,
                                       .type = type,
                                       .flags = flags,
                                       .payload = (const uint8_t *)payload.data});
}

void put_block(struct output *bytes, uint32_t stream, uint8_t flags, struct text block)
{
    put_frame(bytes, FRAME_HEADERS, flags | FLAG_END_HEADERS, stream, block);
}

void write_fields(struct output *block, const struct field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++)
        header_write(block, text_of(fields[i].name), text_of(fields[i].value));
}

void put_request(struct output *bytes, uint32_t stream, uint8_t flags)
{
    struct output block = {0};
    write_fields(&block, usual_request, usual_request_count);
    put_block(bytes, stream, flags, (struct text){(char *)block.data, block.size});
    output_clear(&block);
}

void put_request_with(struct output *bytes, uint32_t stream, uint8_t flags, struct field field)
{
    struct output block = {0};
    bool placed = false;
    for (size_t i = 0; i < usual_request_count; i++) {
        bool same = strcmp(usual_request[i].name, field.name) == 0;
        const struct field *used = same ? &field : &usual_request[i];
        placed |= same;
        if (used->value)
            write_fields(&block, used, 1);
    }
    if (!placed)
        write_fields(&block, &field, 1);
    put_block(bytes, stream, flags, (struct text){(char *)block.data, block.size});
    output_clear(&block);
}

void put_message(struct output *bytes, uint32_t stream, uint8_t flags, struct text message)
{
    struct output framed = {0};
    uint8_t *prefix = output_extend(&framed, 5);
    prefix[0] = 0;
    frame_write_u32(prefix + 1, (uint32_t)message.size);
    output_add(&framed, message.data, message.size);
    put_frame(bytes, FRAME_DATA, flags, stream, (struct text){(char *)framed.data, framed.size});
    output_clear(&framed);
}
