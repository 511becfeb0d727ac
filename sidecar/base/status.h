/* SPDX-License-Identifier: MIT */
/*
 * How a failure is told: one gRPC status code and one sentence. A function that can fail returns
 * false and fills the status once, leaving its outputs untouched; a caller adds what it was doing
 * with status_wrap. A bug is an assertion, not a status. A status is a plain value that any one
 * thread uses at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

/* gRPC's codes (grpc/grpc doc/statuscodes.md): number, name. */
#define STATUS_CODES(row)                                                                          \
    row(0, OK) row(1, CANCELLED) row(2, UNKNOWN) row(3, INVALID_ARGUMENT)                          \
        row(4, DEADLINE_EXCEEDED) row(5, NOT_FOUND) row(6, ALREADY_EXISTS)                         \
            row(7, PERMISSION_DENIED) row(8, RESOURCE_EXHAUSTED) row(9, FAILED_PRECONDITION)       \
                row(10, ABORTED) row(11, OUT_OF_RANGE) row(12, UNIMPLEMENTED) row(13, INTERNAL)    \
                    row(14, UNAVAILABLE) row(15, DATA_LOSS) row(16, UNAUTHENTICATED)

enum status_code {
#define STATUS_CODE(number, name) STATUS_##name = (number),
    STATUS_CODES(STATUS_CODE)
#undef STATUS_CODE
};

/* Enough for a sentence with the upstream's own; longer text is cut at a character's end. */
#define STATUS_MESSAGE_BYTES 1024

struct status {
    enum status_code code;
    char message[STATUS_MESSAGE_BYTES]; /* terminated, UTF-8 when its arguments were; empty when OK
                                         */
};

/* Makes it OK with no message. */
void status_clear(struct status *status);

/* Fills `status`; `code` is not OK. */
void status_set(struct status *status, enum status_code code, const char *format, ...)
    printf_like(3, 4);

/* Puts "context: " in front of the message. */
void status_prepend(struct status *status, const char *format, ...) printf_like(2, 3);

/* The same two as false, so that compilers and people see that the function has failed:
 * `return status_fail(status, STATUS_NOT_FOUND, "…", …);` is the way to fail. */
#define status_fail(status, code, ...) (status_set(status, code, __VA_ARGS__), false)
#define status_wrap(status, ...) (status_prepend(status, __VA_ARGS__), false)

/* "INVALID_ARGUMENT"; "UNKNOWN" for a number that gRPC does not define. Static storage. */
const char *status_code_name(enum status_code code);
