/* SPDX-License-Identifier: MIT */
/* Writes the frames of a caller, right or wrong, for tests that decide on each byte. */
#pragma once

#include "base/text.h"
#include "http2/frame.h"

struct field {
    const char *name, *value;
};

/* A request as gRPC clients send it, without its end. */
extern const struct field usual_request[];
extern const size_t usual_request_count;

/* Frames of a caller, appended to what it is to send. */
void put_preface(struct output *bytes);
void put_frame(struct output *bytes, uint8_t type, uint8_t flags, uint32_t stream,
               struct text payload);
void put_block(struct output *bytes, uint32_t stream, uint8_t flags, struct text block);
void put_request(struct output *bytes, uint32_t stream, uint8_t flags);

/* The usual request with `field` in place of the one of its name, or behind the others; a value of
 * NULL takes that name out. */
void put_request_with(struct output *bytes, uint32_t stream, uint8_t flags, struct field field);

/* Fields as literals without indexing. */
void write_fields(struct output *block, const struct field *fields, size_t count);

/* A message of gRPC's in a DATA frame. */
void put_message(struct output *bytes, uint32_t stream, uint8_t flags, struct text message);
