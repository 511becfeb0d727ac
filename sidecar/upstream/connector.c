/* SPDX-License-Identifier: MIT */
#include "upstream/connector.h"

#include <assert.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "upstream/handshake.h"
#include "upstream/share.h"
#include "upstream/trust_store.h"

#include "base/banned.h"

/* libcurl searches a multi handle's connections one by one for each byte moved: 1.8 µs at 16 of
 * them, 5.8 at 512. */
#define GROUP_TRANSPORTS 32

/* Long enough for a slow path across continents; a caller's own deadline ends its wait earlier. */
#define CONNECT_TIMEOUT_MS 10000L

/* How long bytes may stay without the peer's acknowledgement (RFC 5482) before the connection is
 * broken. */
#define UNACKNOWLEDGED_MS 10000U

/* Short, because a gateway moves by changing its addresses; after a failed connect the name is
 * resolved anew in any case. */
#define NAME_CACHE_SECONDS 30L

/* One multi handle and the few transports that it drives. */
struct group {
    struct connector *connector;
    CURLM *multi;
    struct event *timer;
    size_t transports;
    struct group *next;
};

struct connector {
    const struct upstream_settings *settings;
    struct trust_store *trust_store; /* NULL: the system's */
    struct event_base *loop;
    struct share *share; /* of new transports */
    struct group *groups;
    bool resolves_anew; /* the next transport: the cached address may be what the last one met */
};

struct transport {
    struct group *group;
    struct share *share;
    X509_STORE *trusted; /* NULL: the system's */
    CURL *easy;
    transport_opened *opened;
    void *context;
    uint64_t sent;                /* bytes that libcurl has taken */
    char reason[CURL_ERROR_SIZE]; /* libcurl's */
    struct handshake handshake;
};

/* libcurl's reason is the first error that OpenSSL has met, which may be "EVP lib" alone. */
static const char *reason_of(const struct transport *transport, CURLcode result)
{
    const char *refusal = handshake_refusal(&transport->handshake);
    if (refusal)
        return refusal;
    return transport->reason[0] ? transport->reason : curl_easy_strerror(result);
}

static void report_opened(struct group *group)
{
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(group->multi, &left));) {
        struct transport *transport = NULL;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transport);
        struct status status;
        status_clear(&status);
        CURLcode result = message->data.result;
        group->connector->resolves_anew |= result != CURLE_OK;
        if (result != CURLE_OK)
            status_set(&status, STATUS_UNAVAILABLE, "connect to %s: %s",
                       group->connector->settings->url, reason_of(transport, result));
        transport->opened(transport, result == CURLE_OK, &status, transport->context);
    }
}

static void drive(struct group *group, curl_socket_t fd, int what)
{
    int running;
    curl_multi_socket_action(group->multi, fd, what, &running);
    report_opened(group);
}

static void on_socket_ready(evutil_socket_t fd, short what, void *context)
{
    drive(context, fd,
          (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0));
}

static void on_timeout(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    drive(context, CURL_SOCKET_TIMEOUT, 0);
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *watched)
{
    (void)easy;
    struct group *group = context;
    struct event *event = watched;
    if (event)
        event_free(event);
    event = NULL;
    if (what != CURL_POLL_REMOVE) {
        short kinds = (short)(EV_PERSIST | (what & CURL_POLL_IN ? EV_READ : 0) |
                              (what & CURL_POLL_OUT ? EV_WRITE : 0));
        event = memory_expect(event_new(group->connector->loop, fd, kinds, on_socket_ready, group));
        event_add(event, NULL);
    }
    curl_multi_assign(group->multi, fd, event);
    return 0;
}

static int watch_timer(CURLM *multi, long timeout_ms, void *context)
{
    (void)multi;
    struct group *group = context;
    if (timeout_ms < 0) {
        event_del(group->timer);
        return 0;
    }
    struct timeval after = {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000};
    event_add(group->timer, &after);
    return 0;
}

/* A path that has gone silent under an open connection is noticed then, and not when the kernel
 * gives up sending again, which takes a quarter of an hour. */
static int prepare_socket(void *context, curl_socket_t fd, curlsocktype purpose)
{
    (void)context, (void)purpose;
    const unsigned timeout_ms = UNACKNOWLEDGED_MS;
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof timeout_ms);
    return CURL_SOCKOPT_OK;
}

static struct group *group_new(struct connector *connector)
{
    struct group *group = memory_expect(calloc(1, sizeof *group));
    group->connector = connector;
    group->multi = memory_expect(curl_multi_init());
    group->timer = memory_expect(event_new(connector->loop, -1, 0, on_timeout, group));
    curl_multi_setopt(group->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    curl_multi_setopt(group->multi, CURLMOPT_SOCKETDATA, group);
    curl_multi_setopt(group->multi, CURLMOPT_TIMERFUNCTION, watch_timer);
    curl_multi_setopt(group->multi, CURLMOPT_TIMERDATA, group);
    curl_multi_setopt(group->multi, CURLMOPT_MAXCONNECTS, (long)GROUP_TRANSPORTS);
    group->next = connector->groups;
    connector->groups = group;
    return group;
}

static struct group *group_with_room(struct connector *connector)
{
    for (struct group *group = connector->groups; group; group = group->next)
        if (group->transports < GROUP_TRANSPORTS)
            return group;
    return group_new(connector);
}

static void trust_acquire(struct connector *connector, struct transport *transport)
{
    unsigned version = 0;
    if (connector->trust_store)
        transport->trusted = trust_store_acquire(connector->trust_store, &version);
    transport->share = share_acquire(&connector->share, version);
}

static void trust_release(struct transport *transport)
{
    share_release(transport->share);
    X509_STORE_free(transport->trusted);
}

bool connector_new(const struct upstream_settings *settings, struct trust_store *trust_store,
                   struct event_base *loop, struct connector **connector, struct status *status)
{
    struct share *share = share_new(0);
    if (!share)
        return status_fail(status, STATUS_INTERNAL, "prepare libcurl: it cannot share sessions");
    struct connector *made = memory_expect(calloc(1, sizeof *made));
    *made = (struct connector){
        .settings = settings, .trust_store = trust_store, .loop = loop, .share = share};
    *connector = made;
    return true;
}

void connector_free(struct connector *connector)
{
    if (!connector)
        return;
    for (struct group *group = connector->groups, *next; group; group = next) {
        next = group->next;
        assert(group->transports == 0);
        curl_multi_cleanup(group->multi);
        event_free(group->timer);
        free(group);
    }
    share_release(connector->share);
    free(connector);
}

static CURLcode prepare_tls(CURL *easy, void *context, void *of_transport)
{
    (void)easy;
    struct transport *transport = of_transport;
    /* Saves a system call for each response; safe here, because every response is read until it is
     * complete. */
    SSL_CTX_set_read_ahead(context, 1);
    if (transport->group->connector->settings->holds_secrets)
        SSL_CTX_set_options(context, SSL_OP_CLEANSE_PLAINTEXT);
    if (transport->trusted)
        SSL_CTX_set1_verify_cert_store(context, transport->trusted);
    handshake_watch(context, &transport->handshake);
    return CURLE_OK;
}

#define set(option, value) (code = code ? code : curl_easy_setopt(easy, option, value))

bool connector_is_plaintext(const char *url)
{
    return strncmp(url, "http://", strlen("http://")) == 0;
}

static CURLcode configure(CURL *easy, struct transport *transport,
                          const struct connector *connector)
{
    bool is_plaintext = connector_is_plaintext(connector->settings->url);
    const struct upstream_settings *settings = connector->settings;
    CURLcode code = CURLE_OK;
    set(CURLOPT_URL, settings->url);
    set(CURLOPT_CONNECT_ONLY, 1L);
    set(CURLOPT_PRIVATE, transport);
    set(CURLOPT_ERRORBUFFER, transport->reason);
    set(CURLOPT_SHARE, transport->share->handle);
    set(CURLOPT_NOSIGNAL, 1L);
    /* Without it a slow name server would hold the whole loop when a connect is given up. */
    set(CURLOPT_QUICK_EXIT, 1L);
    set(CURLOPT_PROTOCOLS_STR, is_plaintext ? "http" : "https");
    set(CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
    set(CURLOPT_DNS_CACHE_TIMEOUT, connector->resolves_anew ? 0L : NAME_CACHE_SECONDS);
    set(CURLOPT_DNS_SHUFFLE_ADDRESSES, 1L);
    set(CURLOPT_TCP_KEEPALIVE, 1L);
    set(CURLOPT_SOCKOPTFUNCTION, prepare_socket);
    /* Connections are aged by the pool: libcurl would prune ones that are in use. */
    set(CURLOPT_MAXAGE_CONN, 1000000L);

    /* Empty strings keep libcurl from reading http_proxy, no_proxy and their like. */
    set(CURLOPT_PROXY, settings->proxy && !is_plaintext ? settings->proxy : "");
    set(CURLOPT_NOPROXY, "");
    set(CURLOPT_HTTPPROXYTUNNEL, 1L);
    set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);

    set(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    set(CURLOPT_SSL_ENABLE_ALPN, 0L);
    set(CURLOPT_SSL_CTX_FUNCTION, prepare_tls);
    set(CURLOPT_SSL_CTX_DATA, transport);
    if (transport->trusted) {
        /* Keeps libcurl from reading the system's store, which would not be used. */
        set(CURLOPT_CAINFO, NULL);
        set(CURLOPT_CAPATH, NULL);
    }
    return code;
}

#undef set

bool transport_open(struct connector *connector, transport_opened *opened, void *context,
                    struct transport **transport, struct status *status)
{
    struct transport *made = memory_expect(calloc(1, sizeof *made));
    *made = (struct transport){
        .easy = memory_expect(curl_easy_init()), .opened = opened, .context = context};
    trust_acquire(connector, made);
    struct group *group = group_with_room(connector);
    CURLcode code = configure(made->easy, made, connector);
    if (code == CURLE_OK && curl_multi_add_handle(group->multi, made->easy) != CURLM_OK)
        code = CURLE_FAILED_INIT;
    if (code != CURLE_OK) {
        curl_easy_cleanup(made->easy);
        trust_release(made);
        free(made);
        return status_fail(status, STATUS_INTERNAL, "prepare a connection to %s: %s",
                           connector->settings->url, curl_easy_strerror(code));
    }
    connector->resolves_anew = false;
    made->group = group;
    group->transports++;
    *transport = made;
    return true;
}

void transport_close(struct transport *transport)
{
    /* Removing it from its multi handle closes the connection. */
    curl_multi_remove_handle(transport->group->multi, transport->easy);
    curl_easy_cleanup(transport->easy);
    trust_release(transport);
    transport->group->transports--;
    free(transport);
}

const char *transport_refusal(const struct transport *transport)
{
    return handshake_refusal(&transport->handshake);
}

bool transport_refused_handshake(const struct transport *transport)
{
    return handshake_was_refused_late(&transport->handshake);
}

int transport_descriptor(const struct transport *transport)
{
    curl_socket_t fd = CURL_SOCKET_BAD;
    return curl_easy_getinfo(transport->easy, CURLINFO_ACTIVESOCKET, &fd) == CURLE_OK ? fd : -1;
}

static SSL *tls_of(const struct transport *transport)
{
    struct curl_tlssessioninfo *tls = NULL;
    return curl_easy_getinfo(transport->easy, CURLINFO_TLS_SSL_PTR, &tls) == CURLE_OK && tls
               ? tls->internals
               : NULL;
}

/* libcurl calls a stream that was cut one that ended (RFC 9112 section 9.8). */
static enum transport_result end_of(const struct transport *transport)
{
    const SSL *tls = tls_of(transport);
    if (connector_is_plaintext(transport->group->connector->settings->url))
        return TRANSPORT_ENDED;
    return tls && (SSL_get_shutdown(tls) & SSL_RECEIVED_SHUTDOWN) ? TRANSPORT_ENDED
                                                                  : TRANSPORT_BROKEN;
}

static enum transport_result result_of(const struct transport *transport, CURLcode code,
                                       size_t moved)
{
    if (code == CURLE_AGAIN)
        return TRANSPORT_AGAIN;
    if (code != CURLE_OK)
        return TRANSPORT_BROKEN;
    return moved > 0 ? TRANSPORT_DONE : end_of(transport);
}

enum transport_result transport_send(struct transport *transport, struct text piece, size_t *moved)
{
    assert(piece.size > 0 && piece.size <= TRANSPORT_PIECE_BYTES);
    *moved = 0;
    CURLcode code = curl_easy_send(transport->easy, piece.data, piece.size, moved);
    transport->sent += *moved;
    return result_of(transport, code, *moved);
}

enum transport_result transport_receive(struct transport *transport, char *at, size_t room,
                                        size_t *moved)
{
    *moved = 0;
    CURLcode code = curl_easy_recv(transport->easy, at, room, moved);
    return result_of(transport, code, *moved);
}

struct transport_tally transport_tally(const struct transport *transport)
{
    const SSL *tls = tls_of(transport);
    if (connector_is_plaintext(transport->group->connector->settings->url))
        return (struct transport_tally){.written = transport->sent};
    return tls ? (struct transport_tally){BIO_number_written(SSL_get_wbio(tls)),
                                          SSL_has_pending(tls)}
               : (struct transport_tally){.holds_bytes = true};
}
