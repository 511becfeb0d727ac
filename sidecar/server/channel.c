/* SPDX-License-Identifier: MIT */
#include "server/channel.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/banned.h"

/* The payload of one record; a longer write is repeated as a whole when it waits. */
#define RECORD_BYTES 16384

static const char *reason_of(const SSL *tls)
{
    long verified = SSL_get_verify_result(tls);
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    return verified != X509_V_OK ? X509_verify_cert_error_string(verified)
           : reason              ? reason
                                 : "the connection ended";
}

static bool speaks_http2(const SSL *tls)
{
    const unsigned char *protocol;
    unsigned size;
    SSL_get0_alpn_selected(tls, &protocol, &size);
    return size == 2 && memcmp(protocol, "h2", 2) == 0;
}

/* Sets what a read waits for. */
static enum channel_result result_of_read(struct channel *channel, int result)
{
    switch (SSL_get_error(channel->tls, result)) {
    case SSL_ERROR_WANT_READ:
        return CHANNEL_WAITS;
    case SSL_ERROR_WANT_WRITE:
        channel->read_waits_for_writing = true;
        return CHANNEL_WAITS;
    case SSL_ERROR_ZERO_RETURN:
        return CHANNEL_ENDED;
    default:
        return CHANNEL_BROKEN;
    }
}

int channel_handshake(struct channel *channel, const char **why)
{
    if (!channel->tls)
        return 1;
    /* OpenSSL looks at the thread's error queue, which has to be emptied before each operation: an
     * error of another connection would end this one. */
    ERR_clear_error();
    channel->read_waits_for_writing = false;
    int result = SSL_accept(channel->tls);
    if (result != 1) {
        enum channel_result waits = result_of_read(channel, result);
        *why = reason_of(channel->tls);
        return waits == CHANNEL_WAITS ? CHANNEL_WAITS : CHANNEL_BROKEN;
    }
    *why = "the caller does not offer h2 in ALPN";
    return speaks_http2(channel->tls) ? 1 : CHANNEL_BROKEN;
}

static size_t collect(GENERAL_NAMES *names, struct identity identities[IDENTITY_MOST])
{
    size_t count = 0;
    for (int i = 0; i < sk_GENERAL_NAME_num(names) && count < IDENTITY_MOST; i++) {
        int kind;
        const ASN1_STRING *value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &kind);
        if (kind != GEN_URI && kind != GEN_DNS)
            continue;
        identities[count++] = (struct identity){
            kind == GEN_URI ? CALLER_URI : CALLER_DNS,
            {(const char *)ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value)}};
    }
    return count;
}

void channel_names(const struct channel *channel,
                   void (*take)(const struct identity *names, size_t count, void *context),
                   void *context)
{
    struct identity identities[IDENTITY_MOST];
    X509 *certificate = SSL_get0_peer_certificate(channel->tls);
    GENERAL_NAMES *names =
        certificate ? X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL) : NULL;
    take(identities, collect(names, identities), context);
    GENERAL_NAMES_free(names);
}

static ssize_t result_of_socket(ssize_t result)
{
    if (result >= 0)
        return result;
    return errno == EAGAIN || errno == EINTR ? CHANNEL_WAITS : CHANNEL_BROKEN;
}

static ssize_t read_plain(const struct channel *channel, void *at, size_t size, bool *has_more)
{
    ssize_t got = result_of_socket(recv(channel->fd, at, size, 0));
    *has_more = got == (ssize_t)size;
    return got;
}

/* OpenSSL reads one record at a time from the socket. */
static ssize_t read_tls(struct channel *channel, void *at, size_t size, bool *has_more)
{
    ERR_clear_error();
    channel->read_waits_for_writing = false;
    int got = SSL_read(channel->tls, at, (int)size);
    *has_more = got >= RECORD_BYTES || (got > 0 && SSL_pending(channel->tls) > 0);
    return got > 0 ? got : result_of_read(channel, got);
}

ssize_t channel_read(struct channel *channel, void *at, size_t size, bool *has_more)
{
    return channel->tls ? read_tls(channel, at, size, has_more)
                        : read_plain(channel, at, size, has_more);
}

ssize_t channel_write(struct channel *channel, const void *at, size_t size)
{
    if (!channel->tls)
        return result_of_socket(send(channel->fd, at, size, MSG_NOSIGNAL));
    ERR_clear_error();
    int sent = SSL_write(channel->tls, at, size < RECORD_BYTES ? (int)size : RECORD_BYTES);
    if (sent > 0)
        return sent;
    return SSL_get_error(channel->tls, sent) == SSL_ERROR_WANT_WRITE ? CHANNEL_WAITS
                                                                     : CHANNEL_BROKEN;
}

void channel_end(struct channel *channel)
{
    if (channel->tls)
        SSL_shutdown(channel->tls);
    shutdown(channel->fd, SHUT_WR);
}

void channel_close(struct channel *channel)
{
    SSL_free(channel->tls);
    close(channel->fd);
}
