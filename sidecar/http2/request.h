/* SPDX-License-Identifier: MIT */
/*
 * Checks the header fields of a request one by one, as they are decoded, and writes those that
 * C-core is to see (RFC 9113 sections 8.2 and 8.3; gRPC's PROTOCOL-HTTP2.md, "Requests"). Pure; one
 * thread at a time for each request.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/text.h"
#include "http2/message_reader.h"
#include "http2/output.h"
#include "http2/stream_fault.h"

struct request_limits {
    size_t list_size;  /* of names, values and 32 bytes for each field (RFC 9113 section 6.5.2) */
    size_t list_count; /* of fields */
};

/* A text of the block, by where it begins in the output. */
struct block_text {
    size_t at, size;
};

struct request {
    struct output *block; /* NULL: the fields are checked, and not written */
    const struct request_limits *limits;
    bool is_trailers;
    enum stream_fault fault; /* the first one, or that the request is malformed */
    uint32_t seen;
    bool regular; /* the pseudo-header fields are over */
    bool is_connect;
    bool is_late; /* its grpc-timeout is 0 */
    size_t list_size, list_count;
    struct block_text path, authority;
    enum message_encoding encoding;
    int64_t content_length; /* -1: not named */
};

/* `block` and `limits` live as long as the request. */
void request_init(struct request *request, struct output *block,
                  const struct request_limits *limits);

/* A header_function, whose context is a struct request: takes one field. */
void request_add(void *context, struct text name, struct text value);

/* All fields were added: returns the fault that the request has. */
must_use enum stream_fault request_finish(struct request *request);
