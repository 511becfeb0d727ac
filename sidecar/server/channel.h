/* SPDX-License-Identifier: MIT */
/*
 * The bytes of a caller's connection: a socket that does not block, plain or with TLS on it. The
 * front's thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "server/access.h"

struct ssl_st; /* OpenSSL's SSL */

struct channel {
    int fd;
    struct ssl_st *tls;          /* NULL: plain */
    bool read_waits_for_writing; /* TLS has to write before it can go on reading */
};

/* Results of an operation, where it is not a number of bytes. */
enum channel_result {
    CHANNEL_ENDED = 0, /* the caller sends no more */
    CHANNEL_WAITS = -1,
    CHANNEL_BROKEN = -2,
};

/* Goes on with the handshake: positive when it is complete and the caller has selected HTTP/2. A
 * plain connection has none. `why`, for CHANNEL_BROKEN, is a reason to log. */
int channel_handshake(struct channel *channel, const char **why);

/* The names of the caller's certificate, given to `take` as views that are valid for this call. */
void channel_names(const struct channel *channel,
                   void (*take)(const struct identity *names, size_t count, void *context),
                   void *context);

/* Reads at most `size` bytes; returns how many, or a channel_result. `has_more` says whether to
 * read again before waiting for the socket: TLS may hold bytes that no socket announces. */
ssize_t channel_read(struct channel *channel, void *at, size_t size, bool *has_more);

/* Writes at most `size` bytes; returns how many, or a channel_result. A write that waits has to be
 * repeated with the same bytes, and perhaps more behind them. */
ssize_t channel_write(struct channel *channel, const void *at, size_t size);

/* Announces the end of our bytes. */
void channel_end(struct channel *channel);

void channel_close(struct channel *channel);
