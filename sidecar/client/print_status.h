/* SPDX-License-Identifier: MIT */
/*
 * Prints a failure for a person at a terminal. Control characters from the server are printed as
 * "?", so that they cannot move the cursor. Pure; one thread for each buffer.
 */
#pragma once

#include "base/status.h"
#include "base/text.h"

/* Adds the text with "?" for each control character. */
void print_text(struct text text, struct buffer *out);

/* "ALREADY_EXISTS: message", one line. */
void print_status(enum status_code code, struct text message, struct buffer *out);

/* Adds indented lines for a trailer: the details of grpc-status-details-bin, x-apig-attempts and
 * grpc-retry-pushback-ms. Adds nothing for any other and for malformed details. */
void print_trailer(struct text name, struct text value, struct buffer *out);
