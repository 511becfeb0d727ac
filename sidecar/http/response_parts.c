/* SPDX-License-Identifier: MIT */
#include "http/response_parts.h"

#include "base/banned.h"

bool response_exceeds_arena(struct http1_reader *reader, struct status *status)
{
    reader->fault = HTTP1_FAULT_ARENA_FULL;
    return status_fail(status, STATUS_UNKNOWN, "the response does not fit the call's memory");
}

static bool body_too_large(struct http1_reader *reader, struct status *status)
{
    reader->fault = HTTP1_FAULT_BODY_TOO_LARGE;
    return status_fail(status, STATUS_UNKNOWN,
                       "the response's body is larger than the %zu bytes that are allowed",
                       reader->limits.body_bytes);
}

static bool too_many_fields(struct http1_reader *reader, struct status *status)
{
    reader->fault = HTTP1_FAULT_HEAD_TOO_LARGE;
    return status_fail(status, STATUS_UNKNOWN,
                       "the response has more than the %zu fields that are allowed",
                       reader->limits.field_count);
}

void response_expect_head(struct http1_reader *reader)
{
    reader->stage = STAGE_START;
    reader->line_room = reader->limits.head_bytes - (sizeof HTTP1_START - 1);
    reader->field_count = 0;
    reader->framing = (struct http1_framing){0};
}

bool response_read_status_line(struct http1_reader *reader, struct text line, struct status *status)
{
    unsigned code;
    if (!http1_read_status_line(line, &reader->minor_version, &code, status))
        return false;
    if (code == 101)
        return status_fail(status, STATUS_UNKNOWN,
                           "the response switches to another protocol, which was not asked for");
    reader->code = code;
    reader->stage = STAGE_FIELD_LINE;
    return true;
}

static bool interim_end(struct http1_reader *reader, struct status *status)
{
    if (reader->interim_count == reader->limits.interim)
        return status_fail(status, STATUS_UNKNOWN,
                           "more than the %zu interim responses that are allowed came",
                           reader->limits.interim);
    reader->interim_count++;
    response_expect_head(reader);
    return true;
}

/* RFC 9112 section 6.3 rules 1 and 2. A 204 that announces a body may be followed by one, which
 * would be taken for the next response. */
static bool bodiless_end(struct http1_reader *reader)
{
    const struct http1_framing *framing = &reader->framing;
    if (reader->code == 204 && (framing->chunked || framing->length > 0))
        reader->framing.close = true;
    reader->stage = STAGE_COMPLETE;
    return true;
}

static bool expect_chunks(struct http1_reader *reader)
{
    reader->stage = STAGE_CHUNK_LINE;
    reader->line_room = HTTP1_CHUNK_DIGITS + EXTENSION_BYTES + sizeof "\r\n" - 1;
    return true;
}

bool response_expect_bytes(struct http1_reader *reader, uint64_t bytes, struct status *status)
{
    if (bytes > reader->limits.body_bytes - reader->body.bytes)
        return body_too_large(reader, status);
    if (!buffer_reserve(&reader->body, bytes))
        return response_exceeds_arena(reader, status);
    reader->remaining = bytes;
    return true;
}

static bool expect_counted_body(struct http1_reader *reader, struct status *status)
{
    reader->stage = reader->framing.length > 0 ? STAGE_COUNTED_BODY : STAGE_COMPLETE;
    return response_expect_bytes(reader, reader->framing.length, status);
}

static bool expect_body_until_end(struct http1_reader *reader)
{
    reader->stage = STAGE_BODY_UNTIL_END;
    reader->framing.close = true;
    return true;
}

/* RFC 9112 section 6.3, but what section 6.1 says to treat as an error is refused: that a message
 * has both framings, or HTTP/1.0 and chunks, is how requests and responses are smuggled. */
static bool head_end(struct http1_reader *reader, struct status *status)
{
    const struct http1_framing *framing = &reader->framing;
    if (framing->chunked && framing->has_length)
        return status_fail(status, STATUS_UNKNOWN,
                           "the response has both Content-Length and Transfer-Encoding");
    if (framing->chunked && reader->minor_version == 0)
        return status_fail(status, STATUS_UNKNOWN,
                           "the response has Transfer-Encoding, which HTTP/1.0 does not know");
    if (reader->code < 200)
        return interim_end(reader, status);
    if (reader->head_request || reader->code == 204 || reader->code == 304)
        return bodiless_end(reader);
    if (framing->chunked)
        return expect_chunks(reader);
    if (framing->has_length)
        return expect_counted_body(reader, status);
    return expect_body_until_end(reader);
}

/* One more field, or NULL when the arena is full. */
static struct http_field *field_add(struct http1_reader *reader)
{
    if (reader->field_count == reader->field_room) {
        size_t room = reader->field_room ? reader->field_room * 2 : 16;
        struct http_field *fields = arena_alloc(reader->arena, room * sizeof *fields);
        if (!fields)
            return NULL;
        if (reader->field_count)
            memcpy(fields, reader->fields, reader->field_count * sizeof *fields);
        reader->fields = fields;
        reader->field_room = room;
    }
    return &reader->fields[reader->field_count++];
}

bool response_read_field_line(struct http1_reader *reader, struct text line, struct status *status)
{
    if (line.size == 0)
        return head_end(reader, status);
    if (reader->field_count == reader->limits.field_count)
        return too_many_fields(reader, status);
    struct http_field *field = field_add(reader);
    const char *copy = arena_copy(reader->arena, line.data, line.size);
    if (!field || !copy)
        return response_exceeds_arena(reader, status);
    return http1_read_field_line((struct text){copy, line.size}, field, status) &&
           http1_note_framing(field, &reader->framing, status);
}

/* The room that the size itself took is given back: only extensions add up. */
bool response_read_chunk_line(struct http1_reader *reader, struct text line, struct status *status)
{
    uint64_t size;
    size_t extension_bytes;
    if (!http1_read_chunk_line(line, &size, &extension_bytes, status))
        return false;
    reader->line_room += line.size - extension_bytes + sizeof "\r\n" - 1;
    reader->stage = STAGE_CHUNK_BODY;
    if (size == 0) {
        reader->stage = STAGE_TRAILER_LINE;
        reader->line_room = reader->limits.head_bytes;
    }
    return response_expect_bytes(reader, size, status);
}

/* Trailers are checked and dropped: nothing that may stand there (RFC 9110 section 6.5.1) is needed
 * to understand a response. */
bool response_read_trailer_line(struct http1_reader *reader, struct text line,
                                struct status *status)
{
    struct http_field dropped;
    if (line.size == 0) {
        reader->stage = STAGE_COMPLETE;
        return true;
    }
    if (reader->trailer_count++ == reader->limits.field_count)
        return too_many_fields(reader, status);
    return http1_read_field_line(line, &dropped, status);
}
