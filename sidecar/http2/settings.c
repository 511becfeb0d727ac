/* SPDX-License-Identifier: MIT */
#include "http2/settings.h"

#include "http2/flow.h"

#include "base/banned.h"

/* RFC 9113 section 6.5.2. */
enum {
    HEADER_TABLE_SIZE = 1,
    ENABLE_PUSH = 2,
    MAX_CONCURRENT_STREAMS = 3,
    INITIAL_WINDOW_SIZE = 4,
    MAX_FRAME_SIZE = 5,
    MAX_HEADER_LIST_SIZE = 6,
};

#define ENTRY_BYTES 6
#define OWN_HEADER_TABLE_SIZE 4096
#define MOST_FRAME_SIZE 0xffffffU

static enum http2_error read_entry(struct settings *settings, unsigned identifier, uint32_t value)
{
    switch (identifier) {
    case ENABLE_PUSH:
        return value > 1 ? HTTP2_PROTOCOL_ERROR : HTTP2_NO_ERROR;
    case INITIAL_WINDOW_SIZE:
        settings->has_initial_window = true;
        settings->initial_window = value;
        return value > WINDOW_LIMIT ? HTTP2_FLOW_CONTROL_ERROR : HTTP2_NO_ERROR;
    case MAX_FRAME_SIZE:
        return value < FRAME_PAYLOAD_LIMIT || value > MOST_FRAME_SIZE ? HTTP2_PROTOCOL_ERROR
                                                                      : HTTP2_NO_ERROR;
    case MAX_HEADER_LIST_SIZE:
        settings->has_header_list_size = true;
        settings->header_list_size = value;
        return HTTP2_NO_ERROR;
    default:
        return HTTP2_NO_ERROR;
    }
}

enum http2_error settings_read(const struct frame *frame, struct settings *settings)
{
    *settings = (struct settings){0};
    if (frame->size % ENTRY_BYTES != 0)
        return HTTP2_FRAME_SIZE_ERROR;
    enum http2_error error = HTTP2_NO_ERROR;
    for (size_t at = 0; at < frame->size && error == HTTP2_NO_ERROR; at += ENTRY_BYTES) {
        const uint8_t *entry = frame->payload + at;
        error = read_entry(settings, (unsigned)entry[0] << 8 | entry[1], frame_read_u32(entry + 2));
    }
    return error;
}

struct entry {
    uint16_t identifier;
    bool present;
    uint32_t value;
};

static void write_entries(struct output *output, const struct entry *entries, size_t count)
{
    uint8_t payload[4 * ENTRY_BYTES];
    struct frame frame = {.type = FRAME_SETTINGS, .payload = payload};
    for (size_t i = 0; i < count; i++) {
        if (!entries[i].present)
            continue;
        uint8_t *at = payload + frame.size;
        at[0] = 0;
        at[1] = (uint8_t)entries[i].identifier;
        frame_write_u32(at + 2, entries[i].value);
        frame.size += ENTRY_BYTES;
    }
    frame_write(output, &frame);
}

void settings_write_to_core(struct output *output, const struct settings *settings)
{
    const struct entry entries[] = {
        {HEADER_TABLE_SIZE, true, 0},
        {INITIAL_WINDOW_SIZE, settings->has_initial_window, settings->initial_window},
        {MAX_HEADER_LIST_SIZE, settings->has_header_list_size, settings->header_list_size},
    };
    write_entries(output, entries, array_length(entries));
}

void settings_write_to_caller(struct output *output, const struct settings *settings)
{
    const struct entry entries[] = {
        {INITIAL_WINDOW_SIZE, settings->has_initial_window, settings->initial_window},
    };
    write_entries(output, entries, array_length(entries));
}

void settings_write_own(struct output *output, uint32_t max_streams, uint32_t header_list_size)
{
    const struct entry entries[] = {
        {HEADER_TABLE_SIZE, true, OWN_HEADER_TABLE_SIZE},
        {MAX_CONCURRENT_STREAMS, true, max_streams},
        {MAX_FRAME_SIZE, true, FRAME_PAYLOAD_LIMIT},
        {MAX_HEADER_LIST_SIZE, true, header_list_size},
    };
    write_entries(output, entries, array_length(entries));
}

void settings_write_ack(struct output *output)
{
    frame_write(output, &(struct frame){.type = FRAME_SETTINGS, .flags = FLAG_ACK});
}
