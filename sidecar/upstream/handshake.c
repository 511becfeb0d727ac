/* SPDX-License-Identifier: MIT */
#include "upstream/handshake.h"

#include <openssl/ssl.h>
#include <stdint.h>

#include "base/banned.h"

static struct handshake *handshake_of(const SSL *tls)
{
    return SSL_CTX_get_app_data(SSL_get_SSL_CTX(tls));
}

static void on_tls_info(const SSL *tls, int where, int value)
{
    if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT && value >> 8 == SSL3_AL_FATAL)
        handshake_of(tls)->alert = value & UINT8_MAX;
}

static int on_certificate_wanted(SSL *tls, X509 **certificate, EVP_PKEY **key)
{
    (void)certificate, (void)key;
    handshake_of(tls)->lacks_certificate = true;
    return 0;
}

static bool has_namesake(X509_STORE_CTX *context)
{
    const X509 *certificate = X509_STORE_CTX_get_current_cert(context);
    STACK_OF(X509) *found = X509_STORE_CTX_get1_certs(context, X509_get_issuer_name(certificate));
    bool is_found = sk_X509_num(found) > 0;
    sk_X509_pop_free(found, X509_free);
    return is_found;
}

/* Whether the certificate was refused because its CA is not trusted; key identifiers that differ
 * keep a CA of the same name from being tried. */
static bool is_about_authority(int error)
{
    return error == X509_V_ERR_CERT_SIGNATURE_FAILURE ||
           error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
           error == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT ||
           error == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN;
}

static int on_verified(int good, X509_STORE_CTX *context)
{
    const SSL *tls = X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx());
    if (!good)
        handshake_of(tls)->trusts_namesake =
            is_about_authority(X509_STORE_CTX_get_error(context)) && has_namesake(context);
    return good;
}

void handshake_watch(SSL_CTX *context, struct handshake *handshake)
{
    SSL_CTX_set_app_data(context, handshake);
    SSL_CTX_set_info_callback(context, on_tls_info);
    SSL_CTX_set_client_cert_cb(context, on_certificate_wanted);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, on_verified);
}

/* RFC 8446 section 6.2; before TLS 1.3 servers sent one of the last two. */
static bool is_about_certificates(int alert)
{
    return alert == SSL_AD_CERTIFICATE_REQUIRED || alert == SSL_AD_HANDSHAKE_FAILURE ||
           alert == SSL_AD_BAD_CERTIFICATE;
}

const char *handshake_refusal(const struct handshake *handshake)
{
    if (handshake->trusts_namesake)
        return "the certificate is signed with another key than that of the trusted CA of the same "
               "name, which may have been replaced";
    if (handshake->lacks_certificate && is_about_certificates(handshake->alert))
        return "the upstream wants a client certificate, and the sidecar has none";
    return NULL;
}

bool handshake_was_refused_late(const struct handshake *handshake)
{
    return handshake->lacks_certificate && handshake->alert == SSL_AD_CERTIFICATE_REQUIRED;
}
