/* SPDX-License-Identifier: MIT */
/*
 * A failure: one gRPC status code and one sentence. A function that can fail returns false, fills
 * the status once and leaves its outputs untouched; its caller adds the context with status_wrap. A
 * bug is an assertion and not a status. A status is a plain value that one thread uses at a time.
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

/* The room for a message with the upstream's own; a longer message is cut at the end of a
 * character. */
#define STATUS_MESSAGE_BYTES 1024

struct status {
    enum status_code code;
    char message[STATUS_MESSAGE_BYTES]; /* terminated, UTF-8 when its arguments were; empty when OK
                                         */
};

/* Sets the code OK and an empty message. */
void status_clear(struct status *status);

/* Sets code and message. `code` is not OK. */
void status_set(struct status *status, enum status_code code, const char *format, ...)
    printf_like(3, 4);

/* Puts "context: " in front of the message. */
void status_prepend(struct status *status, const char *format, ...) printf_like(2, 3);

/* status_set and status_prepend as expressions that are false, so that compilers and readers see
 * that the function has failed: `return status_fail(status, STATUS_NOT_FOUND, "…", …);` is the way
 * to fail. */
#define status_fail(status, code, ...) (status_set(status, code, __VA_ARGS__), false)
#define status_wrap(status, ...) (status_prepend(status, __VA_ARGS__), false)

/* "INVALID_ARGUMENT"; "UNKNOWN" for a number that gRPC does not define. Static storage. */
const char *status_code_name(enum status_code code);
