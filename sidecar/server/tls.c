/* SPDX-License-Identifier: MIT */
#include "server/tls.h"

#include <event2/event_struct.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "http2/preface.h"
#include "server/tunnel.h"
#include "system/event_thread.h"

#include "base/banned.h"

/* Time for callers to receive the last responses when the program ends. */
static const struct timeval drain = {.tv_sec = 2};

/* A connection of a caller: first its handshake and HTTP/2 preface, then a tunnel. */
struct session {
    LIST_ENTRY(session) place;
    struct task added;
    struct tls *tls;
    SSL *ssl;
    int outer, inner, core;
    int64_t timeout_ns;     /* of handshake and preface; of clock_now_ns */
    struct event handshake; /* of the descriptor, while handshake and preface last */
    char preface[PREFACE_BYTES];
    size_t preface_bytes;  /* that have come */
    struct tunnel *tunnel; /* NULL before */
};

LIST_HEAD(session_list, session);

struct tls {
    struct tls_settings settings;
    struct tls_events events;
    struct reload *reload;
    pthread_mutex_t lock; /* of `context` */
    struct tls_context context;

    struct event_thread thread;
    struct task stop, end;
    sem_t stopped;

    /* TLS's thread. */
    struct event *drain_over;
    struct session_list handshakes, tunnels;
    bool is_stopped, is_ending;
    char piece[TUNNEL_PIECE_BYTES];
};

static void end_when_empty(struct tls *tls)
{
    if (tls->is_ending && LIST_EMPTY(&tls->tunnels))
        event_thread_end(&tls->thread);
}

static void reject(struct session *session)
{
    LIST_REMOVE(session, place);
    event_del(&session->handshake);
    SSL_free(session->ssl);
    close(session->outer);
    close(session->inner);
    close(session->core);
    free(session);
}

static void on_tunnel_ended(void *context)
{
    struct session *session = context;
    struct tls *tls = session->tls;
    LIST_REMOVE(session, place);
    tunnel_free(session->tunnel);
    free(session);
    end_when_empty(tls);
}

static const char *reason_of(const SSL *ssl)
{
    long verified = SSL_get_verify_result(ssl);
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    return verified != X509_V_OK ? X509_verify_cert_error_string(verified)
           : reason              ? reason
                                 : "the connection ended";
}

static void refuse(struct session *session, const char *why)
{
    struct status status;
    status_set(&status, STATUS_UNAUTHENTICATED, "TLS handshake: %s", why);
    session->tls->events.refused(status.message, session->tls->events.context);
    reject(session);
}

static size_t names_of(GENERAL_NAMES *names, struct identity identities[IDENTITY_MOST])
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

static void accept_connection(struct session *session)
{
    struct tls *tls = session->tls;
    struct identity identities[IDENTITY_MOST];
    X509 *certificate = SSL_get0_peer_certificate(session->ssl);
    GENERAL_NAMES *names =
        certificate ? X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL) : NULL;
    /* A new socket pair has room for a preface. */
    if (write(session->inner, session->preface, session->preface_bytes) != PREFACE_BYTES) {
        GENERAL_NAMES_free(names);
        reject(session);
        return;
    }
    LIST_REMOVE(session, place);
    LIST_INSERT_HEAD(&tls->tunnels, session, place);
    session->tunnel = tunnel_new(tls->thread.loop, session->ssl, session->outer, session->inner,
                                 tls->piece, on_tunnel_ended, session);
    tls->events.accepted(session->core, identities, names_of(names, identities),
                         tls->events.context);
    GENERAL_NAMES_free(names);
}

static void wait_for(struct session *session, short what);

/* An operation of TLS did not succeed: waits until it may, or rejects the caller. */
static void wait_or_reject(struct session *session, int result)
{
    int error = SSL_get_error(session->ssl, result);
    if (error == SSL_ERROR_WANT_READ)
        wait_for(session, EV_READ);
    else if (error == SSL_ERROR_WANT_WRITE)
        wait_for(session, EV_WRITE);
    else if (SSL_is_init_finished(session->ssl))
        reject(session);
    else
        refuse(session, reason_of(session->ssl));
}

static bool speaks_http2(SSL *ssl)
{
    const unsigned char *protocol;
    unsigned bytes;
    SSL_get0_alpn_selected(ssl, &protocol, &bytes);
    return bytes == 2 && memcmp(protocol, "h2", 2) == 0;
}

static void advance(struct session *session)
{
    int result = SSL_accept(session->ssl);
    if (result == 1 && !speaks_http2(session->ssl)) {
        refuse(session, "the caller does not offer h2 in ALPN");
        return;
    }
    while (result == 1 && session->preface_bytes < PREFACE_BYTES) {
        int got = SSL_read(session->ssl, session->preface + session->preface_bytes,
                           (int)(PREFACE_BYTES - session->preface_bytes));
        if (got <= 0) {
            wait_or_reject(session, got);
            return;
        }
        session->preface_bytes += (size_t)got;
        if (!preface_begins(session->preface, session->preface_bytes)) {
            reject(session);
            return;
        }
    }
    if (result == 1)
        accept_connection(session);
    else
        wait_or_reject(session, result);
}

static void on_handshake(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    /* Errors are queued by thread: one of another connection would be taken for this one's. */
    ERR_clear_error();
    if (what & EV_TIMEOUT)
        reject(context);
    else
        advance(context);
}

static void wait_for(struct session *session, short what)
{
    int64_t left_ns = session->timeout_ns - clock_now_ns();
    struct timeval left = clock_timeval(left_ns < 0 ? 0 : left_ns);
    event_assign(&session->handshake, session->tls->thread.loop, session->outer, what, on_handshake,
                 session);
    event_add(&session->handshake, &left);
}

static void on_added(struct task *task)
{
    struct session *session = container_of(task, struct session, added);
    struct tls *tls = session->tls;
    LIST_INSERT_HEAD(&tls->handshakes, session, place);
    pthread_mutex_lock(&tls->lock);
    session->ssl = memory_expect(SSL_new(tls->context.handshakes));
    pthread_mutex_unlock(&tls->lock);
    SSL_set_fd(session->ssl, session->outer);
    wait_for(session, EV_READ);
    if (tls->is_stopped)
        reject(session);
}

void tls_add(struct tls *tls, int outer, int inner, int core)
{
    struct session *session = memory_expect(calloc(1, sizeof *session));
    session->added.run = on_added;
    session->tls = tls;
    session->outer = outer;
    session->inner = inner;
    session->core = core;
    session->timeout_ns = clock_now_ns() + tls->settings.handshake_timeout_ns;
    task_queue_post(&tls->thread.tasks, &session->added);
}

static void on_stop(struct task *task)
{
    struct tls *tls = container_of(task, struct tls, stop);
    tls->is_stopped = true;
    while (!LIST_EMPTY(&tls->handshakes))
        reject(LIST_FIRST(&tls->handshakes));
    sem_post(&tls->stopped);
}

static void on_drain_over(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct tls *tls = context;
    while (!LIST_EMPTY(&tls->tunnels))
        on_tunnel_ended(LIST_FIRST(&tls->tunnels));
}

static void on_end(struct task *task)
{
    struct tls *tls = container_of(task, struct tls, end);
    tls->is_ending = true;
    event_add(tls->drain_over, &drain);
    end_when_empty(tls);
}

static void replace_context(struct tls *tls, const struct tls_context *context)
{
    pthread_mutex_lock(&tls->lock);
    struct tls_context last = tls->context;
    tls->context = *context;
    pthread_mutex_unlock(&tls->lock);
    tls_context_clear(&last);
}

static bool load(void *context, bool *changed, struct buffer *summary, struct status *status)
{
    struct tls *tls = context;
    struct tls_context read;
    if (!tls_context_load(&tls->settings.files, &read, status))
        return false;
    *changed = memcmp(read.digest, tls->context.digest, sizeof read.digest) != 0;
    tls_context_describe(&read, summary);
    replace_context(tls, &read);
    return true;
}

static bool open_files(struct tls *tls, struct status *status)
{
    const struct tls_files *files = &tls->settings.files;
    const struct reload_source source = {
        .paths = {files->certificate, files->key, files->client_ca},
        .load = load,
        .context = tls,
        .is_required = true,
    };
    return reload_open(&source, &tls->settings.changes, &tls->reload, status);
}

static bool start(struct tls *tls, struct status *status)
{
    const struct event_thread_work work = {.name = "tls", .watchdog = tls->settings.watchdog};
    if (!event_thread_prepare(&tls->thread, status))
        return false;
    tls->drain_over = memory_expect(evtimer_new(tls->thread.loop, on_drain_over, tls));
    return event_thread_start(&tls->thread, &work, status);
}

bool tls_open(const struct tls_settings *settings, const struct tls_events *events,
              struct tls **tls, struct status *status)
{
    struct tls *made = memory_expect(calloc(1, sizeof *made));
    made->settings = *settings;
    made->events = *events;
    made->stop.run = on_stop;
    made->end.run = on_end;
    LIST_INIT(&made->handshakes);
    LIST_INIT(&made->tunnels);
    sem_init(&made->stopped, 0, 0);
    pthread_mutex_init(&made->lock, NULL);
    if (!open_files(made, status) || !start(made, status)) {
        tls_free(made);
        return false;
    }
    *tls = made;
    return true;
}

void tls_stop(struct tls *tls)
{
    task_queue_post(&tls->thread.tasks, &tls->stop);
    while (sem_wait(&tls->stopped) != 0)
        ;
}

void tls_free(struct tls *tls)
{
    if (!tls)
        return;
    reload_free(tls->reload);
    if (tls->thread.thread.is_started)
        task_queue_post(&tls->thread.tasks, &tls->end);
    event_thread_join(&tls->thread);
    if (tls->drain_over)
        event_free(tls->drain_over);
    event_thread_clear(&tls->thread);
    tls_context_clear(&tls->context);
    pthread_mutex_destroy(&tls->lock);
    sem_destroy(&tls->stopped);
    free(tls);
}
