/* SPDX-License-Identifier: MIT */
#include "http2/message_reader.h"

#include "base/banned.h"

#define PREFIX_BYTES 5

/* compression.md: "a compressed flag without an encoding is INTERNAL", "an encoding that is not
 * supported is UNIMPLEMENTED". */
static enum stream_fault judge_flag(const struct message_reader *reader, uint8_t flag)
{
    static const enum stream_fault compressed[] = {
        [ENCODING_IDENTITY] = STREAM_FAULT_NO_ENCODING,
        [ENCODING_SUPPORTED] = STREAM_FAULT_NONE,
        [ENCODING_UNKNOWN] = STREAM_FAULT_ENCODING,
    };
    if (flag > 1)
        return STREAM_FAULT_FLAG;
    return flag ? compressed[reader->encoding] : STREAM_FAULT_NONE;
}

static void end_message(struct message_reader *reader)
{
    reader->prefix = 0;
    reader->has_message = true;
}

static enum stream_fault read_prefix(struct message_reader *reader, uint8_t byte,
                                     const struct message_rules *rules, size_t *lengths)
{
    if (reader->prefix++ == 0) {
        reader->left = 0;
        return reader->has_message && rules->one_message ? STREAM_FAULT_SECOND_MESSAGE
                                                         : judge_flag(reader, byte);
    }
    reader->left = reader->left << 8 | byte;
    if (reader->prefix < PREFIX_BYTES)
        return STREAM_FAULT_NONE;
    if (reader->left > rules->max_message)
        return STREAM_FAULT_MESSAGE_SIZE;
    *lengths += reader->left;
    if (reader->left == 0)
        end_message(reader);
    return STREAM_FAULT_NONE;
}

static size_t read_message(struct message_reader *reader, size_t size)
{
    size_t taken = size < reader->left ? size : reader->left;
    reader->left -= (uint32_t)taken;
    if (reader->left == 0)
        end_message(reader);
    return taken;
}

enum stream_fault message_reader_feed(struct message_reader *reader, const uint8_t *data,
                                      size_t size, const struct message_rules *rules,
                                      size_t *lengths)
{
    *lengths = 0;
    for (size_t at = 0; at < size;) {
        if (reader->prefix == PREFIX_BYTES) {
            at += read_message(reader, size - at);
            continue;
        }
        enum stream_fault fault = read_prefix(reader, data[at++], rules, lengths);
        if (fault != STREAM_FAULT_NONE)
            return fault;
    }
    return STREAM_FAULT_NONE;
}
