/* SPDX-License-Identifier: MIT */
#include "server/tls_context.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <string.h>
#include <time.h>

#include "base/date.h"
#include "base/memory.h"

#include "base/banned.h"

/* RFC 9113 appendix A forbids the other cipher suites of TLS 1.2 in HTTP/2; all those of TLS 1.3
 * are allowed. */
#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20"

/* The files, in the order in which they are used. */
enum { CERTIFICATE, KEY, CLIENT_CA, FILES };

struct tls_files tls_files_of(const struct config *config)
{
    return (struct tls_files){config->tls_cert_file, config->tls_key_file,
                              config->tls_client_ca_file};
}

static bool refuse(const struct pem_file *file, const char *why, struct status *status)
{
    return status_fail(status, STATUS_FAILED_PRECONDITION, "%s: %s", file->path, why);
}

static bool take_own(X509 *certificate, size_t index, void *context)
{
    return index == 0 ? SSL_CTX_use_certificate(context, certificate) == 1
                      : SSL_CTX_add1_chain_cert(context, certificate) == 1;
}

static bool take_client_ca(X509 *certificate, size_t index, void *context)
{
    (void)index;
    return X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate) == 1 &&
           SSL_CTX_add_client_CA(context, certificate) == 1;
}

static bool use_key(const struct pem_file *file, SSL_CTX *context, struct status *status)
{
    EVP_PKEY *key = pem_private_key(file, status);
    if (!key)
        return false;
    bool pair = X509_check_private_key(SSL_CTX_get0_certificate(context), key) == 1;
    bool used = pair && SSL_CTX_use_PrivateKey(context, key) == 1;
    EVP_PKEY_free(key);
    return used || refuse(file, pair ? pem_reason() : "it is not the certificate's key", status);
}

static bool use_client_ca(const struct pem_file *file, SSL_CTX *context, struct status *status)
{
    if (!file->path)
        return true;
    /* Each certificate of the file is trusted, also one that is not self-signed. */
    X509_STORE_set_flags(SSL_CTX_get_cert_store(context), X509_V_FLAG_PARTIAL_CHAIN);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    return pem_certificates(file, take_client_ca, context, status);
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
    /* HTTP/2 marks its own end, so that a connection that ends without close_notify is not an
     * attack. */
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
                                     SSL_OP_IGNORE_UNEXPECTED_EOF |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_mode(context, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_alpn_select_cb(context, select_protocol, NULL);
    return context;
}

static int64_t expiry_of(SSL_CTX *context)
{
    struct tm end = {0};
    ASN1_TIME_to_tm(X509_get0_notAfter(SSL_CTX_get0_certificate(context)), &end);
    return timegm(&end);
}

static bool make(const struct pem_file files[FILES], struct tls_context *context,
                 struct status *status)
{
    SSL_CTX *made = context_new();
    if (!pem_certificates(&files[CERTIFICATE], take_own, made, status) ||
        !use_key(&files[KEY], made, status) || !use_client_ca(&files[CLIENT_CA], made, status)) {
        SSL_CTX_free(made);
        return false;
    }
    context->handshakes = made;
    context->expires_s = expiry_of(made);
    pem_digest(files, FILES, context->digest);
    return true;
}

bool tls_context_load(const struct tls_files *files, struct tls_context *context,
                      struct status *status)
{
    struct arena arena;
    struct pem_file read[FILES] = {[CERTIFICATE] = {.path = files->certificate},
                                   [KEY] = {.path = files->key},
                                   [CLIENT_CA] = {.path = files->client_ca}};
    arena_init(&arena, (size_t)4 * FILES * PEM_FILE_BYTES);
    bool good = pem_read(read, FILES, &arena, status) && make(read, context, status);
    struct text key = read[KEY].text;
    if (key.size)
        explicit_bzero((char *)(uintptr_t)key.data, key.size);
    arena_clear(&arena);
    return good;
}

void tls_context_clear(struct tls_context *context)
{
    SSL_CTX_free(context->handshakes);
    *context = (struct tls_context){0};
}

void tls_context_describe(const struct tls_context *context, struct buffer *out)
{
    char end[DATE_BYTES];
    date_write(end, context->expires_s);
    buffer_add_text(out,
                    tls_context_has_expired(context)
                        ? text_literal("callers will reject the certificate, which expired at ")
                        : text_literal("the certificate expires at "));
    buffer_add_text(out, text_of(end));
}

bool tls_context_has_expired(const struct tls_context *context)
{
    return context->expires_s <= time(NULL);
}
