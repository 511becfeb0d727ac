/* SPDX-License-Identifier: MIT */
#include "server/tunnel.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"

#include "base/banned.h"

/* Pieces carried in a row before other connections are served. */
#define TURN_PIECES 8

/* A peer that takes no byte for this time, though there are bytes for it, is disconnected. */
static const struct timeval longest_stall = {.tv_sec = 30};

/* Time for the peer to close after us. Until then its bytes are discarded, because closing with
 * unread bytes would reset the connection before the peer has read our last bytes. */
static const struct timeval close_patience = {.tv_sec = 2};

/* Bytes that were read from one side and not yet written to the other. */
struct pending_bytes {
    char *at; /* NULL: none */
    size_t bytes, passed;
};

struct tunnel {
    SSL *tls;
    int outer, inner;
    struct event *outer_readable, *outer_writable, *inner_readable, *inner_writable, *close_timeout;
    struct pending_bytes inward, outward;
    bool peer_ended;   /* the peer sends no more */
    bool inward_ended; /* nothing is carried inward any more */
    bool is_closing;   /* all bytes have been written, and the peer has time to read them */
    bool read_waits_for_writing;
    char *piece;
    void (*ended)(void *context);
    void *context;
};

static void keep(struct pending_bytes *pending, const char *at, size_t bytes)
{
    pending->at = memory_expect(malloc(bytes));
    memcpy(pending->at, at, bytes);
    pending->bytes = bytes;
    pending->passed = 0;
}

static void drop(struct pending_bytes *pending)
{
    free(pending->at);
    *pending = (struct pending_bytes){0};
}

/* The tunnel must not be used after this. */
static void end(struct tunnel *tunnel)
{
    tunnel->ended(tunnel->context);
}

/* Carries no more bytes inward, and shuts that direction of the inner side. */
static void end_inward(struct tunnel *tunnel)
{
    tunnel->inward_ended = true;
    drop(&tunnel->inward);
    event_del(tunnel->outer_readable);
    event_del(tunnel->inner_writable);
    shutdown(tunnel->inner, SHUT_WR);
}

/* True when all bytes are passed on, or the inner side has closed. */
static bool pass_inward(struct tunnel *tunnel, const char *at, size_t bytes, size_t *passed)
{
    ssize_t sent = send(tunnel->inner, at + *passed, bytes - *passed, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        end_inward(tunnel);
        return true;
    }
    *passed += sent > 0 ? (size_t)sent : 0;
    return *passed == bytes;
}

/* Why a TLS operation did not succeed. OpenSSL looks at the thread's error queue, which has to be
 * emptied before each operation: an error of another connection would end this one. */
enum obstacle { WAITS_FOR_READING, WAITS_FOR_WRITING, PEER_ENDED, BROKEN };

static enum obstacle obstacle_of(const struct tunnel *tunnel, int result)
{
    int error = SSL_get_error(tunnel->tls, result);
    return error == SSL_ERROR_WANT_READ     ? WAITS_FOR_READING
           : error == SSL_ERROR_WANT_WRITE  ? WAITS_FOR_WRITING
           : error == SSL_ERROR_ZERO_RETURN ? PEER_ENDED
                                            : BROKEN;
}

static void handle_read_error(struct tunnel *tunnel, int result)
{
    switch (obstacle_of(tunnel, result)) {
    case WAITS_FOR_READING:
        return;
    case WAITS_FOR_WRITING:
        /* Without the removal, bytes to read would wake us all the time and restart the timeout. */
        tunnel->read_waits_for_writing = true;
        event_del(tunnel->outer_readable);
        event_add(tunnel->outer_writable, &longest_stall);
        return;
    case PEER_ENDED:
        tunnel->peer_ended = true;
        end_inward(tunnel);
        return;
    case BROKEN:
    default:
        end(tunnel);
        return;
    }
}

static void carry_inward(struct tunnel *tunnel)
{
    for (int turn = 0; turn < TURN_PIECES && !tunnel->inward_ended; turn++) {
        size_t passed = 0;
        ERR_clear_error();
        int got = SSL_read(tunnel->tls, tunnel->piece, TUNNEL_PIECE_BYTES);
        if (got <= 0) {
            handle_read_error(tunnel, got);
            return;
        }
        if (!pass_inward(tunnel, tunnel->piece, (size_t)got, &passed)) {
            keep(&tunnel->inward, tunnel->piece + passed, (size_t)got - passed);
            event_del(tunnel->outer_readable);
            event_add(tunnel->inner_writable, NULL);
            return;
        }
    }
}

/* False when the same bytes have to be written again later, or when the tunnel has ended. */
static bool pass_outward(struct tunnel *tunnel, const char *at, size_t bytes)
{
    ERR_clear_error();
    int sent = SSL_write(tunnel->tls, at, (int)bytes);
    if (sent > 0)
        return true;
    if (obstacle_of(tunnel, sent) != WAITS_FOR_WRITING) {
        end(tunnel);
        return false;
    }
    if (!tunnel->outward.at)
        keep(&tunnel->outward, at, bytes);
    event_del(tunnel->inner_readable);
    event_add(tunnel->outer_writable, &longest_stall);
    return false;
}

/* The inner side has ended, and all its bytes have been written. */
static void end_outward(struct tunnel *tunnel)
{
    event_del(tunnel->inner_readable);
    SSL_shutdown(tunnel->tls);
    shutdown(tunnel->outer, SHUT_WR);
    if (tunnel->peer_ended) {
        end(tunnel);
        return;
    }
    end_inward(tunnel);
    tunnel->is_closing = true;
    event_add(tunnel->outer_readable, NULL);
    event_add(tunnel->close_timeout, &close_patience);
}

/* Discards the peer's bytes until it closes. */
static void await_close(struct tunnel *tunnel)
{
    ssize_t got = 1;
    for (int turn = 0; turn < TURN_PIECES && got > 0; turn++)
        got = recv(tunnel->outer, tunnel->piece, TUNNEL_PIECE_BYTES, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
        end(tunnel);
}

static void carry_outward(struct tunnel *tunnel)
{
    for (int turn = 0; turn < TURN_PIECES; turn++) {
        ssize_t got = recv(tunnel->inner, tunnel->piece, TUNNEL_PIECE_BYTES, 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (got <= 0) {
            end_outward(tunnel);
            return;
        }
        if (!pass_outward(tunnel, tunnel->piece, (size_t)got))
            return;
    }
}

static void on_outer_readable(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct tunnel *tunnel = context;
    if (tunnel->is_closing)
        await_close(tunnel);
    else
        carry_inward(tunnel);
}

static void on_close_timeout(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    end(context);
}

static void on_inner_readable(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    carry_outward(context);
}

static void on_inner_writable(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct tunnel *tunnel = context;
    struct pending_bytes *pending = &tunnel->inward;
    if (!pass_inward(tunnel, pending->at, pending->bytes, &pending->passed)) {
        event_add(tunnel->inner_writable, NULL);
        return;
    }
    drop(pending);
    if (!tunnel->inward_ended)
        event_add(tunnel->outer_readable, NULL);
}

static void on_outer_writable(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    struct tunnel *tunnel = context;
    struct pending_bytes *pending = &tunnel->outward;
    if (what & EV_TIMEOUT) {
        end(tunnel);
        return;
    }
    if (pending->at) {
        if (!pass_outward(tunnel, pending->at, pending->bytes))
            return;
        drop(pending);
        event_add(tunnel->inner_readable, NULL);
    }
    if (tunnel->read_waits_for_writing) {
        tunnel->read_waits_for_writing = false;
        if (tunnel->inward_ended)
            return;
        event_add(tunnel->outer_readable, NULL);
        carry_inward(tunnel);
    }
}

static struct event *watch(struct event_base *loop, int fd, short what, event_callback_fn happened,
                           struct tunnel *tunnel)
{
    return memory_expect(event_new(loop, fd, what, happened, tunnel));
}

struct tunnel *tunnel_new(struct event_base *loop, struct ssl_st *tls, int outer, int inner,
                          char piece[TUNNEL_PIECE_BYTES], void (*ended)(void *context),
                          void *context)
{
    struct tunnel *tunnel = memory_expect(calloc(1, sizeof *tunnel));
    *tunnel = (struct tunnel){
        .tls = tls,
        .outer = outer,
        .inner = inner,
        .piece = piece,
        .ended = ended,
        .context = context,
        .outer_readable = watch(loop, outer, EV_READ | EV_PERSIST, on_outer_readable, tunnel),
        .outer_writable = watch(loop, outer, EV_WRITE, on_outer_writable, tunnel),
        .inner_readable = watch(loop, inner, EV_READ | EV_PERSIST, on_inner_readable, tunnel),
        .inner_writable = watch(loop, inner, EV_WRITE, on_inner_writable, tunnel),
        .close_timeout = watch(loop, -1, 0, on_close_timeout, tunnel),
    };
    event_add(tunnel->inner_readable, NULL);
    event_add(tunnel->outer_readable, NULL);
    /* OpenSSL may have read bytes already, which the descriptor does not show. */
    event_active(tunnel->outer_readable, EV_READ, 0);
    return tunnel;
}

void tunnel_free(struct tunnel *tunnel)
{
    event_free(tunnel->outer_readable);
    event_free(tunnel->outer_writable);
    event_free(tunnel->inner_readable);
    event_free(tunnel->inner_writable);
    event_free(tunnel->close_timeout);
    SSL_free(tunnel->tls);
    close(tunnel->outer);
    close(tunnel->inner);
    drop(&tunnel->inward);
    drop(&tunnel->outward);
    free(tunnel);
}
