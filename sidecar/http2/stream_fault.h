/* SPDX-License-Identifier: MIT */
/*
 * The faults of a caller's stream that end it with a gRPC status: HTTP/2 is kept, gRPC's rules or
 * our bounds are not. Read-only; any thread.
 */
#pragma once

#include <stdint.h>

#include "base/reason.h"
#include "base/status.h"
#include "base/text.h"

/* name, gRPC code, HTTP status, reason of ErrorInfo, message. PROTOCOL-HTTP2.md and compression.md
 * of gRPC say which code; where they do not, it is the one that other servers of gRPC use. */
/* clang-format off */
#define STREAM_FAULTS(row) \
    row(NOT_POST, INTERNAL, 405, PROTOCOL_ERROR, "the :method of a call is POST") \
    row(SCHEME, INTERNAL, 400, PROTOCOL_ERROR, "the :scheme of a call is http or https") \
    row(AUTHORITY, INTERNAL, 400, PROTOCOL_ERROR, "the request has neither :authority nor host") \
    row(TE, INTERNAL, 400, PROTOCOL_ERROR, "the request has no \"te: trailers\"") \
    row(CONTENT_TYPE, INVALID_ARGUMENT, 415, PROTOCOL_ERROR, "the content-type is not application/grpc") \
    row(TIMEOUT, INTERNAL, 200, PROTOCOL_ERROR, "the grpc-timeout is malformed") \
    row(DEADLINE, DEADLINE_EXCEEDED, 200, DEADLINE_EXCEEDED, "the deadline had passed when the call came; nothing was sent") \
    row(REPEATED, INTERNAL, 200, PROTOCOL_ERROR, "a header that may stand once is repeated") \
    row(BASE64, INTERNAL, 200, PROTOCOL_ERROR, "a -bin header is not base64") \
    row(METADATA_SIZE, RESOURCE_EXHAUSTED, 200, LIMIT_EXCEEDED, "the metadata is larger than --max-metadata allows") \
    row(METADATA_COUNT, RESOURCE_EXHAUSTED, 200, LIMIT_EXCEEDED, "the metadata has more entries than --max-metadata-count allows") \
    row(FLAG, INTERNAL, 200, PROTOCOL_ERROR, "the compressed flag of a message is neither 0 nor 1") \
    row(NO_ENCODING, INTERNAL, 200, PROTOCOL_ERROR, "a message is compressed, but grpc-encoding names no encoding") \
    row(ENCODING, UNIMPLEMENTED, 200, PROTOCOL_ERROR, "the grpc-encoding of a compressed message is not supported") \
    row(MESSAGE_SIZE, RESOURCE_EXHAUSTED, 200, LIMIT_EXCEEDED, "the request message is larger than --max-message allows") \
    row(SECOND_MESSAGE, INTERNAL, 200, PROTOCOL_ERROR, "a unary call carries more than one request message") \
    row(MESSAGE_LATE, DEADLINE_EXCEEDED, 200, DEADLINE_EXCEEDED, "the request message did not arrive in time")
/* clang-format on */

enum stream_fault {
    STREAM_FAULT_NONE,
#define STREAM_FAULT(name, code, http_status, reason, message) STREAM_FAULT_##name,
    STREAM_FAULTS(STREAM_FAULT)
#undef STREAM_FAULT
        STREAM_FAULT_MALFORMED, /* of HTTP/2 itself (RFC 9113 section 8.1.1): RST_STREAM, no status
                                 */
};

/* How a stream is ended with a status. */
struct guard_failure {
    enum status_code code;
    unsigned http_status; /* 200 for gRPC's own failures */
    struct text message;  /* UTF-8 */
    int64_t pushback_ms;  /* negative: do not try again */
    enum reason reason;   /* of ErrorInfo */
    bool has_pushback;    /* pushback_ms is sent */
    bool names_encodings; /* grpc-accept-encoding is sent */
};

/* `fault` is neither STREAM_FAULT_NONE nor STREAM_FAULT_MALFORMED. */
struct guard_failure stream_fault_failure(enum stream_fault fault);
