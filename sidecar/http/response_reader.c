/* SPDX-License-Identifier: MIT */
#include "http/response_reader.h"

#include <assert.h>

#include "http/json_end.h"
#include "http/response_parts.h"

#include "base/banned.h"

static struct text cut_front(struct text *rest, size_t bytes)
{
    struct text front = {rest->data, bytes};
    rest->data += bytes;
    rest->size -= bytes;
    return front;
}

/* One stage: how its bytes are taken, and the data for that. */
struct stage_row {
    bool (*take)(struct http1_reader *reader, const struct stage_row *row, struct text *rest,
                 struct status *status);
    bool (*read)(struct http1_reader *reader, struct text line, struct status *status);
    struct text fixed;   /* the text that has to come */
    enum stage next;     /* behind fixed text and counted bytes */
    const char *refusal; /* of other text, or of lines that are too long */
};

static bool take_fixed(struct http1_reader *reader, const struct stage_row *row, struct text *rest,
                       struct status *status)
{
    size_t missing = row->fixed.size - reader->matched;
    struct text piece = cut_front(rest, rest->size < missing ? rest->size : missing);
    if (memcmp(piece.data, row->fixed.data + reader->matched, piece.size) != 0)
        return status_fail(status, STATUS_UNKNOWN, "%s", row->refusal);
    reader->matched += piece.size;
    if (reader->matched == row->fixed.size) {
        reader->matched = 0;
        reader->stage = row->next;
    }
    return true;
}

static bool lines_too_long(struct http1_reader *reader, const struct stage_row *row,
                           struct status *status)
{
    reader->fault = HTTP1_FAULT_HEAD_TOO_LARGE;
    return status_fail(
        status, STATUS_UNKNOWN, "%s larger than the %zu bytes that are allowed", row->refusal,
        reader->stage == STAGE_CHUNK_LINE ? (size_t)EXTENSION_BYTES : reader->limits.head_bytes);
}

/* A line in one piece is read where it lies; one in several is gathered first. A line feed alone
 * ends no line here, although RFC 9112 section 2.2 would permit it: whoever stands in between must
 * not see another end of the head than we do. */
static bool take_line(struct http1_reader *reader, const struct stage_row *row, struct text *rest,
                      struct status *status)
{
    size_t room = reader->line_room - reader->line.bytes;
    size_t searched = rest->size < room ? rest->size : room;
    const char *feed = memchr(rest->data, '\n', searched);
    if (!feed && searched == room)
        return lines_too_long(reader, row, status);

    struct text line = cut_front(rest, feed ? (size_t)(feed - rest->data) + 1 : searched);
    if (!feed || reader->line.bytes > 0) {
        buffer_add_text(&reader->line, line);
        if (reader->line.full)
            return response_exceeds_arena(reader, status);
        line = buffer_text(&reader->line);
    }
    if (!feed)
        return true;

    reader->line.bytes = 0;
    reader->line_room -= line.size;
    if (line.size < 2 || line.data[line.size - 2] != '\r')
        return status_fail(status, STATUS_UNKNOWN,
                           "a line of the response ends without a carriage return");
    line.size -= 2;
    return row->read(reader, line, status);
}

static bool take_counted(struct http1_reader *reader, const struct stage_row *row,
                         struct text *rest, struct status *status)
{
    (void)status;
    size_t bytes = rest->size < reader->remaining ? rest->size : reader->remaining;
    buffer_add_text(&reader->body, cut_front(rest, bytes));
    reader->remaining -= bytes;
    if (reader->remaining == 0)
        reader->stage = row->next;
    return true;
}

static bool take_until_end(struct http1_reader *reader, const struct stage_row *row,
                           struct text *rest, struct status *status)
{
    (void)row;
    if (!response_expect_bytes(reader, rest->size, status))
        return false;
    buffer_add_text(&reader->body, cut_front(rest, rest->size));
    return true;
}

static const struct stage_row stages[] = {
    [STAGE_START] = {.take = take_fixed,
                     .fixed = {HTTP1_START, sizeof HTTP1_START - 1},
                     .next = STAGE_STATUS_LINE,
                     .refusal = "the upstream's bytes are not a response in HTTP/1"},
    [STAGE_STATUS_LINE] = {.take = take_line,
                           .read = response_read_status_line,
                           .refusal = "the response's head is"},
    [STAGE_FIELD_LINE] = {.take = take_line,
                          .read = response_read_field_line,
                          .refusal = "the response's head is"},
    [STAGE_COUNTED_BODY] = {.take = take_counted, .next = STAGE_COMPLETE},
    [STAGE_CHUNK_LINE] = {.take = take_line,
                          .read = response_read_chunk_line,
                          .refusal = "the extensions of the response's chunks are"},
    [STAGE_CHUNK_BODY] = {.take = take_counted, .next = STAGE_CHUNK_END},
    [STAGE_CHUNK_END] = {.take = take_fixed,
                         .fixed = {"\r\n", 2},
                         .next = STAGE_CHUNK_LINE,
                         .refusal = "a chunk of the response does not end where its size says"},
    [STAGE_TRAILER_LINE] = {.take = take_line,
                            .read = response_read_trailer_line,
                            .refusal = "the response's trailers are"},
    [STAGE_BODY_UNTIL_END] = {.take = take_until_end},
};

struct http1_reader *http1_reader_new(struct arena *arena, const struct http1_limits *limits,
                                      bool head_request)
{
    assert(limits->head_bytes > sizeof HTTP1_START);
    struct http1_reader *reader = arena_zalloc(arena, sizeof *reader);
    if (!reader)
        return NULL;
    reader->arena = arena;
    reader->limits = *limits;
    reader->head_request = head_request;
    buffer_init(&reader->line, arena, 0);
    buffer_init(&reader->body, arena, 0);
    response_expect_head(reader);
    return reader;
}

static enum http1_progress broken(struct http1_reader *reader)
{
    if (reader->fault == HTTP1_FAULT_NONE)
        reader->fault = HTTP1_FAULT_MALFORMED;
    return HTTP1_BROKEN;
}

enum http1_progress http1_reader_feed(struct http1_reader *reader, struct text piece,
                                      size_t *consumed, struct status *status)
{
    assert(reader->stage != STAGE_COMPLETE && reader->fault == HTTP1_FAULT_NONE);
    struct text rest = piece;
    while (rest.size > 0 && reader->stage != STAGE_COMPLETE) {
        const struct stage_row *row = &stages[reader->stage];
        if (!row->take(reader, row, &rest, status))
            return broken(reader);
    }
    *consumed = piece.size - rest.size;
    return reader->stage == STAGE_COMPLETE ? HTTP1_COMPLETE : HTTP1_MORE;
}

enum http1_progress http1_reader_end(struct http1_reader *reader, struct status *status)
{
    assert(reader->stage != STAGE_COMPLETE && reader->fault == HTTP1_FAULT_NONE);
    if (reader->stage == STAGE_BODY_UNTIL_END) {
        reader->stage = STAGE_COMPLETE;
        return HTTP1_COMPLETE;
    }
    status_set(status, STATUS_UNKNOWN, "the stream ended before the response was complete");
    return broken(reader);
}

enum http1_progress http1_reader_cut(struct http1_reader *reader, struct status *status)
{
    if (reader->stage == STAGE_BODY_UNTIL_END && reader->minor_version == 0 &&
        json_is_closed(buffer_text(&reader->body)))
        return http1_reader_end(reader, status);
    status_set(status, STATUS_UNKNOWN, "the connection to the upstream broke %s",
               http1_reader_untouched(reader) ? "before a response came" : "within the response");
    return broken(reader);
}

struct http_response http1_reader_response(const struct http1_reader *reader)
{
    assert(reader->stage == STAGE_COMPLETE);
    return (struct http_response){.status = reader->code,
                                  .fields = reader->fields,
                                  .field_count = reader->field_count,
                                  .body = buffer_text(&reader->body)};
}

unsigned http1_reader_status(const struct http1_reader *reader)
{
    return reader->code >= 200 ? reader->code : 0;
}

enum http1_fault http1_reader_fault(const struct http1_reader *reader)
{
    return reader->fault;
}

bool http1_reader_keeps_alive(const struct http1_reader *reader)
{
    const struct http1_framing *framing = &reader->framing;
    return reader->stage == STAGE_COMPLETE && !framing->close &&
           (reader->minor_version > 0 || framing->keep_alive);
}

uint64_t http1_reader_idle_limit_s(const struct http1_reader *reader)
{
    return reader->framing.has_idle_limit ? reader->framing.idle_limit_s : UINT64_MAX;
}

bool http1_reader_untouched(const struct http1_reader *reader)
{
    return reader->stage == STAGE_START && reader->matched == 0 && reader->interim_count == 0;
}
