/* SPDX-License-Identifier: MIT */
/*
 * A failure in words, for a person at a terminal: control characters of what the server sent are
 * shown as "?", so that nothing of it moves the cursor. Pure; one thread for each buffer.
 */
#pragma once

#include "base/status.h"
#include "base/text.h"

/* The text with its control characters shown. */
void print_text(struct text text, struct buffer *out);

/* "ALREADY_EXISTS: message", one line. */
void print_status(enum status_code code, struct text message, struct buffer *out);

/* What is worth knowing of one trailer, a line each, indented: the details of
 * grpc-status-details-bin, our own, and gRPC's for retries. Nothing for others and for what cannot
 * be read. */
void print_trailer(struct text name, struct text value, struct buffer *out);
