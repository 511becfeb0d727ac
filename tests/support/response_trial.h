/* SPDX-License-Identifier: MIT */
/* Responses as unit tests of the reader write them, with limits that are small enough to reach.
 * Include cmocka.h first. */
#pragma once

#include "http1_reading.h"

#define OK "HTTP/1.1 200 OK\r\n"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"

#define TEN_BYTES "0123456789"
#define FIFTY_BYTES TEN_BYTES TEN_BYTES TEN_BYTES TEN_BYTES TEN_BYTES
#define HUNDRED_BYTES FIFTY_BYTES FIFTY_BYTES

static const struct http1_limits limits = {
    .head_bytes = 256, .field_count = 4, .body_bytes = 64, .interim = 2};

static inline struct reading_plan whole(struct text stream)
{
    return (struct reading_plan){.first = stream.size + 1, .then = 1, .limits = limits};
}

/* Byte by byte, and in two pieces at each place. */
static inline void assert_cuts_do_not_matter(const struct reading *reading, struct text stream,
                                             const struct reading_plan *plan, const char *name)
{
    for (size_t first = 0; first <= stream.size; first++)
        if (!reads_alike(reading, stream, plan, first, stream.size + 1))
            fail_msg("%s: two pieces, the first of %zu bytes, are read differently", name, first);
    for (size_t size = 1; size <= 8; size++)
        if (!reads_alike(reading, stream, plan, size, size))
            fail_msg("%s: pieces of %zu bytes are read differently", name, size);
}
