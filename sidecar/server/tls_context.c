/* SPDX-License-Identifier: MIT */
#include "server/tls_context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/memory.h"

#include "base/banned.h"

/* A whole system's CA bundle has a quarter of it. */
#define FILE_BYTES (1U << 20)

/* RFC 9113 forbids the others in HTTP/2 over TLS 1.2; those of TLS 1.3 are all good. */
#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20"

/* A file's content on its way into a context. */
struct part {
    const char *path;
    struct text pem;
};

/* OpenSSL's reason for what failed last. */
static const char *reason(void)
{
    const char *text = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    return text ? text : "it is not PEM";
}

static bool refuse(const struct part *part, const char *why, struct status *status)
{
    return status_fail(status, STATUS_FAILED_PRECONDITION, "%s: %s", part->path, why);
}

static BIO *reader_of(const struct part *part)
{
    return memory_expect(BIO_new_mem_buf(part->pem.at, (int)part->pem.bytes));
}

/* True at the end of the file, false at what is no certificate. */
static bool ended_well(void)
{
    bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    if (ended)
        ERR_clear_error();
    return ended;
}

/* Hands each certificate of the file to `take`, which keeps a reference of its own. */
static bool for_each_certificate(const struct part *part, SSL_CTX *context,
                                 bool (*take)(SSL_CTX *context, X509 *certificate, size_t index),
                                 struct status *status)
{
    BIO *reader = reader_of(part);
    size_t count = 0;
    bool good = true;
    for (X509 *each; good && (each = PEM_read_bio_X509(reader, NULL, NULL, NULL)); count++) {
        good = take(context, each, count);
        X509_free(each);
    }
    BIO_free(reader);
    if (!good || !ended_well())
        return refuse(part, reason(), status);
    return count > 0 || refuse(part, "it holds no certificate in PEM", status);
}

static bool take_own(SSL_CTX *context, X509 *certificate, size_t index)
{
    return index == 0 ? SSL_CTX_use_certificate(context, certificate) == 1
                      : SSL_CTX_add1_chain_cert(context, certificate) == 1;
}

static bool take_client_ca(SSL_CTX *context, X509 *certificate, size_t index)
{
    (void)index;
    return X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate) == 1 &&
           SSL_CTX_add_client_CA(context, certificate) == 1;
}

/* Without it OpenSSL would ask the terminal. */
static int no_password(char *password, int size, int writing, void *context)
{
    (void)password, (void)size, (void)writing, (void)context;
    return -1;
}

static bool use_key(const struct part *part, SSL_CTX *context, struct status *status)
{
    BIO *reader = reader_of(part);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(reader, NULL, no_password, NULL);
    BIO_free(reader);
    if (!key)
        return refuse(part, "it holds no private key in PEM, or an encrypted one", status);
    bool pair = X509_check_private_key(SSL_CTX_get0_certificate(context), key) == 1;
    bool used = pair && SSL_CTX_use_PrivateKey(context, key) == 1;
    EVP_PKEY_free(key);
    return used || refuse(part, pair ? reason() : "it is not the certificate's key", status);
}

static bool use_client_ca(const struct part *part, SSL_CTX *context, struct status *status)
{
    if (!part->path)
        return true;
    /* What the file names is trusted, also when it is no root. */
    X509_STORE_set_flags(SSL_CTX_get_cert_store(context), X509_V_FLAG_PARTIAL_CHAIN);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    return for_each_certificate(part, context, take_client_ca, status);
}

static int select_protocol(SSL *tls, const unsigned char **chosen, unsigned char *chosen_bytes,
                           const unsigned char *offered, unsigned int offered_bytes, void *context)
{
    (void)tls, (void)context;
    static const unsigned char h2[] = "\2h2";
    unsigned char *found;
    if (SSL_select_next_proto(&found, chosen_bytes, h2, sizeof h2 - 1, offered, offered_bytes) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *context_new(void)
{
    SSL_CTX *context = memory_expect(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(context, CIPHERS);
    /* HTTP/2 says itself where it ends, so that a cut is no attack. */
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
                                     SSL_OP_IGNORE_UNEXPECTED_EOF |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_mode(context, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_alpn_select_cb(context, select_protocol, NULL);
    return context;
}

static bool read_parts(struct part parts[3], struct arena *arena, struct status *status)
{
    for (size_t i = 0; i < 3; i++)
        if (parts[i].path && !file_read(parts[i].path, FILE_BYTES, arena, &parts[i].pem, status)) {
            status->code = STATUS_FAILED_PRECONDITION;
            return false;
        }
    return true;
}

/* Where one file ends and the next begins is part of it. */
static void digest(const struct part parts[3], unsigned char digest[TLS_DIGEST_BYTES])
{
    unsigned char each[3][SHA256_DIGEST_LENGTH];
    for (size_t i = 0; i < 3; i++)
        SHA256((const unsigned char *)parts[i].pem.at, parts[i].pem.bytes, each[i]);
    SHA256(each[0], sizeof each, digest);
}

static int64_t end_of(SSL_CTX *context)
{
    struct tm end = {0};
    ASN1_TIME_to_tm(X509_get0_notAfter(SSL_CTX_get0_certificate(context)), &end);
    return timegm(&end);
}

_Static_assert(TLS_DIGEST_BYTES == SHA256_DIGEST_LENGTH, "the digest is SHA-256");

static bool make(const struct part parts[3], struct tls_context *context, struct status *status)
{
    SSL_CTX *made = context_new();
    ERR_clear_error();
    if (!for_each_certificate(&parts[0], made, take_own, status) ||
        !use_key(&parts[1], made, status) || !use_client_ca(&parts[2], made, status)) {
        SSL_CTX_free(made);
        return false;
    }
    context->handshakes = made;
    context->ends_s = end_of(made);
    digest(parts, context->digest);
    return true;
}

bool tls_context_load(const struct tls_files *files, struct tls_context *context,
                      struct status *status)
{
    struct arena arena;
    struct part parts[] = {
        {.path = files->certificate}, {.path = files->key}, {.path = files->client_ca}};
    arena_init(&arena, (size_t)8 * FILE_BYTES);
    bool good = read_parts(parts, &arena, status) && make(parts, context, status);
    if (parts[1].pem.bytes)
        explicit_bzero((char *)(uintptr_t)parts[1].pem.at, parts[1].pem.bytes);
    arena_clear(&arena);
    return good;
}

void tls_context_clear(struct tls_context *context)
{
    SSL_CTX_free(context->handshakes);
    *context = (struct tls_context){0};
}
