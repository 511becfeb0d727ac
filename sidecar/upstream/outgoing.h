/* SPDX-License-Identifier: MIT */
/*
 * The memory in which the connections of a loop put together the bytes that they send next. These
 * hold the credential, so it is secret memory, and it is wiped after each round of the loop. All
 * connections share it, because each piece is encrypted or handed to the kernel at once. One for
 * each loop; its thread only.
 */
#pragma once

#include <stddef.h>

#include "http/bytes.h"

struct outgoing;

struct outgoing *outgoing_new(void);
void outgoing_free(struct outgoing *outgoing); /* wipes it; NULL is allowed */

/* The bytes of the request from byte `from` on, as many as may be sent at once; they stay until the
 * next call. The same bytes come to the same place again, as transport_send demands. */
struct text outgoing_piece(struct outgoing *outgoing, const struct http_bytes *request,
                           size_t from);

/* Overwrites all that was put together since the last time. */
void outgoing_wipe(struct outgoing *outgoing);
