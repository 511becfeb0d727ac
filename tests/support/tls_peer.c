/* SPDX-License-Identifier: MIT */
#include "tls_peer.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <assert.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct tls_peer {
    SSL_CTX *context;
    int listener;
    uint16_t port;
    const struct tls_script *scripts;
    unsigned script_count;
    atomic_uint connections, requests, open;
    pthread_t thread;
};

struct visit {
    struct tls_peer *peer;
    const struct tls_script *script;
    int fd;
};

static FILE *create(const char *folder, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert(file);
    return file;
}

void tls_peer_certificate(const char *folder)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
    X509_set_pubkey(certificate, key);
    X509_NAME *name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1, -1,
                               0);
    X509_set_issuer_name(certificate, name);
    X509_EXTENSION *names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:localhost");
    X509_add_ext(certificate, names, -1);
    X509_EXTENSION_free(names);
    assert(X509_sign(certificate, key, EVP_sha256()) > 0);
    FILE *certificate_file = create(folder, "cert.pem"), *key_file = create(folder, "key.pem");
    assert(PEM_write_X509(certificate_file, certificate) == 1);
    assert(PEM_write_PrivateKey(key_file, key, NULL, NULL, 0, NULL, NULL) == 1);
    fclose(certificate_file);
    fclose(key_file);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static void use_certificate(struct tls_peer *peer, const char *folder)
{
    char path[512];
    tls_peer_certificate(folder);
    snprintf(path, sizeof path, "%s/cert.pem", folder);
    assert(SSL_CTX_use_certificate_file(peer->context, path, SSL_FILETYPE_PEM) == 1);
    snprintf(path, sizeof path, "%s/key.pem", folder);
    assert(SSL_CTX_use_PrivateKey_file(peer->context, path, SSL_FILETYPE_PEM) == 1);
    unlink(path);
}

/* The largest request that is read. */
#define REQUEST_BYTES (1 << 24)

/* The kernel keeps twice that for a connection. */
#define RECEIVE_BYTES 32768

/* Reads head and Content-Length bytes of body; false when the client is gone. */
static bool read_request(SSL *tls)
{
    static const char length_name[] = "Content-Length: ";
    char *text = calloc(1, REQUEST_BYTES);
    size_t have = 0;
    bool whole = false;
    for (int got; !whole && have < REQUEST_BYTES - 1; have += (size_t)got) {
        got = SSL_read(tls, text + have, REQUEST_BYTES - 1 - (int)have);
        if (got <= 0)
            break;
        char *end = memmem(text, have + (size_t)got, "\r\n\r\n", 4);
        char *length = strstr(text, length_name);
        size_t body = length ? strtoul(length + sizeof length_name - 1, NULL, 10) : 0;
        whole = end && have + (size_t)got >= (size_t)(end + 4 - text) + body;
    }
    free(text);
    return whole;
}

static void reset(int fd)
{
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
}

static void play(struct visit *visit, SSL *tls)
{
    char byte;
    const char *response = visit->script->response;
    for (const enum tls_act *act = visit->script->acts; *act != TLS_END; act++) {
        switch (*act) {
        case TLS_READ_REQUEST:
            if (!read_request(tls))
                return;
            atomic_fetch_add(&visit->peer->requests, 1);
            break;
        case TLS_RESPONSE:
            SSL_write(tls, response, (int)strlen(response));
            break;
        case TLS_HALF_RESPONSE:
            SSL_write(tls, response, (int)strlen(response) / 2);
            break;
        case TLS_RESPONSE_CLOSE:
            setsockopt(visit->fd, IPPROTO_TCP, TCP_CORK, &(int){1}, sizeof(int));
            SSL_write(tls, response, (int)strlen(response));
            SSL_shutdown(tls);
            return;
        case TLS_CLOSE:
            SSL_shutdown(tls);
            return;
        case TLS_RESET:
            reset(visit->fd);
            return;
        case TLS_HOLD:
            while (SSL_read(tls, &byte, 1) > 0)
                ;
            return;
        case TLS_END:
        default:
            return;
        }
    }
}

static void *serve_visit(void *context)
{
    struct visit *visit = context;
    SSL *tls = SSL_new(visit->peer->context);
    SSL_set_fd(tls, visit->fd);
    if (SSL_accept(tls) == 1)
        play(visit, tls);
    SSL_free(tls);
    close(visit->fd);
    atomic_fetch_sub(&visit->peer->open, 1);
    free(visit);
    return NULL;
}

static void *serve(void *context)
{
    struct tls_peer *peer = context;
    for (int fd; (fd = accept(peer->listener, NULL, NULL)) >= 0;) {
        unsigned number = atomic_fetch_add(&peer->connections, 1);
        unsigned script = number < peer->script_count ? number : peer->script_count - 1;
        struct visit *visit = malloc(sizeof *visit);
        pthread_t thread;
        assert(visit);
        *visit = (struct visit){peer, &peer->scripts[script], fd};
        atomic_fetch_add(&peer->open, 1);
        pthread_create(&thread, NULL, serve_visit, visit);
        pthread_detach(thread);
    }
    return NULL;
}

struct tls_peer *tls_peer_start(const char *folder, const struct tls_script *scripts,
                                unsigned script_count)
{
    struct tls_peer *peer = calloc(1, sizeof *peer);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof address;
    assert(peer);
    peer->scripts = scripts;
    peer->script_count = script_count;
    peer->context = SSL_CTX_new(TLS_server_method());
    use_certificate(peer, folder);
    peer->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    /* Accepted sockets have it too, so that a large request waits for room. */
    setsockopt(peer->listener, SOL_SOCKET, SO_RCVBUF, &(int){RECEIVE_BYTES}, sizeof(int));
    assert(bind(peer->listener, (struct sockaddr *)&address, bytes) == 0 &&
           listen(peer->listener, 128) == 0);
    getsockname(peer->listener, (struct sockaddr *)&address, &bytes);
    peer->port = ntohs(address.sin_port);
    pthread_create(&peer->thread, NULL, serve, peer);
    return peer;
}

void tls_peer_stop(struct tls_peer *peer)
{
    shutdown(peer->listener, SHUT_RDWR);
    pthread_join(peer->thread, NULL);
    close(peer->listener);
    /* Clients have closed their ends by now, so that every visit ends. */
    while (atomic_load(&peer->open) > 0)
        sched_yield();
    SSL_CTX_free(peer->context);
    free(peer);
}

uint16_t tls_peer_port(const struct tls_peer *peer)
{
    return peer->port;
}

unsigned tls_peer_connections(const struct tls_peer *peer)
{
    return peer->connections;
}

unsigned tls_peer_requests(const struct tls_peer *peer)
{
    return peer->requests;
}

unsigned tls_peer_open(const struct tls_peer *peer)
{
    return peer->open;
}
