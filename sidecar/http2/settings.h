/* SPDX-License-Identifier: MIT */
/*
 * SETTINGS (RFC 9113 section 6.5) in both directions: the values that are checked, and the few that
 * are passed on. Pure; any thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "http2/frame.h"

/* A frame's values; the last of an identifier counts. */
struct settings {
    bool has_initial_window, has_header_list_size;
    uint32_t initial_window, header_list_size;
};

/* HTTP2_NO_ERROR, or the connection error that the frame's payload is. */
must_use enum http2_error settings_read(const struct frame *frame, struct settings *settings);

/*
 * Writes a caller's SETTINGS as C-core is to see them: window and size of header lists, and a
 * dynamic table of 0 bytes, so that C-core's header blocks refer to none. SETTINGS_MAX_FRAME_SIZE
 * is left at 16,384, which every peer takes.
 */
void settings_write_to_core(struct output *output, const struct settings *settings);

/* Writes C-core's SETTINGS as the caller is to see them: the window alone. */
void settings_write_to_caller(struct output *output, const struct settings *settings);

/* Writes our own, which the connection begins with. */
void settings_write_own(struct output *output, uint32_t max_streams, uint32_t header_list_size);

void settings_write_ack(struct output *output);
