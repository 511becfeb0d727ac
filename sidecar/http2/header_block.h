/* SPDX-License-Identifier: MIT */
/*
 * Header blocks (RFC 9113 section 4.3): read by nghttp2's HPACK inflater, and written as literals
 * without indexing and without Huffman codes (RFC 7541 section 6.2.2) or by the static table, so
 * that a reader needs no state and a block may be dropped. One thread at a time for each inflater.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/text.h"
#include "http2/frame.h"
#include "http2/output.h"

struct nghttp2_hd_inflater;

/* An inflater with a dynamic table of 4,096 bytes at most, the default of RFC 9113. */
struct nghttp2_hd_inflater *header_inflater_new(void);
void header_inflater_free(struct nghttp2_hd_inflater *inflater);

/* The memory that it holds, about. */
size_t header_inflater_memory(struct nghttp2_hd_inflater *inflater);

/* Takes one field; the texts are valid during the call. */
typedef void header_function(void *context, struct text name, struct text value);

/* Decodes a whole block. False is a connection error of type COMPRESSION_ERROR (section 4.3), and
 * the inflater is of no use any more. */
must_use bool header_block_decode(struct nghttp2_hd_inflater *inflater, struct input block,
                                  header_function *each, void *context);

/* Appends one field. */
void header_write(struct output *block, struct text name, struct text value);

/* Fields of the static table by their place in it (RFC 7541 appendix A). */
enum header_place {
    HEADER_AUTHORITY = 1,
    HEADER_METHOD_POST = 3,
    HEADER_PATH = 4,
    HEADER_SCHEME_HTTP = 6,
    HEADER_CONTENT_TYPE = 31,
    HEADER_HOST = 38,
    HEADER_USER_AGENT = 58,
};

/* Appends a field of the static table: its name and another value, or both from there. It costs the
 * reader less than a literal name. */
void header_write_value(struct output *block, enum header_place place, struct text value);
void header_write_place(struct output *block, enum header_place place);

/* Reads the first field of what these functions wrote; false at its end. */
must_use bool header_read(struct input *block, struct text *name, struct text *value);

/* Appends room for the head of a HEADERS frame and returns where that begins; a block is to be
 * appended behind it. */
size_t header_frame_begin(struct output *output);

/* Makes a HEADERS frame, and CONTINUATION frames when it is large, of the block that was appended
 * since header_frame_begin returned `start`. `flags` is FLAG_END_STREAM or 0. */
void header_frame_end(struct output *output, size_t start, uint32_t stream, uint8_t flags);
