/* SPDX-License-Identifier: MIT */
#include "server/tls.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "http2/preface.h"
#include "server/tunnel.h"
#include "system/task_queue.h"

#include "base/banned.h"

/* As long callers may take for the last answers when the program ends. */
static const struct timeval drain = {.tv_sec = 2};

/* One connection: at first it shakes hands and says the preface, then it is a tunnel. */
struct session {
    LIST_ENTRY(session) place;
    struct task added;
    struct tls *tls;
    SSL *ssl;
    int outer, inner, other;
    int64_t patient_until_ns;
    struct event turn; /* of the handshake and the preface */
    char said[PREFACE_BYTES];
    size_t said_bytes;
    struct tunnel *tunnel; /* NULL before */
};

LIST_HEAD(session_list, session);

struct tls {
    struct tls_files files;
    struct tls_events events;
    int64_t patience_ns;
    struct event_base *base;
    struct event *left;
    struct task_queue tasks;
    struct task stop, end;
    struct thread_ping_task pinged;
    sem_t stopped;
    struct reload reload; /* the opener's thread */
    pthread_mutex_t lock; /* of `context` */
    struct tls_context context;
    struct session_list arriving, tunnels;
    bool admitting, ending; /* TLS's thread */
    bool started;
    pthread_t thread;
    char piece[TUNNEL_PIECE_BYTES];
};

static void end_loop_when_empty(struct tls *tls)
{
    if (tls->ending && LIST_EMPTY(&tls->tunnels))
        event_base_loopbreak(tls->base);
}

static void reject(struct session *session)
{
    LIST_REMOVE(session, place);
    event_del(&session->turn);
    SSL_free(session->ssl);
    close(session->outer);
    close(session->inner);
    close(session->other);
    free(session);
}

static void on_tunnel_ended(void *context)
{
    struct session *session = context;
    struct tls *tls = session->tls;
    LIST_REMOVE(session, place);
    tunnel_free(session->tunnel);
    free(session);
    end_loop_when_empty(tls);
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
    struct status summary;
    status_set(&summary, STATUS_UNAUTHENTICATED, "TLS handshake: %s", why);
    session->tls->events.refused(summary.message, session->tls->events.context);
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
    /* An empty pair takes so little. */
    if (write(session->inner, session->said, session->said_bytes) != PREFACE_BYTES) {
        GENERAL_NAMES_free(names);
        reject(session);
        return;
    }
    LIST_REMOVE(session, place);
    LIST_INSERT_HEAD(&tls->tunnels, session, place);
    session->tunnel = tunnel_new(tls->base, session->ssl, session->outer, session->inner,
                                 tls->piece, on_tunnel_ended, session);
    tls->events.accepted(session->other, identities, names_of(names, identities),
                         tls->events.context);
    GENERAL_NAMES_free(names);
}

static void wait_for(struct session *session, short what);

/* A TLS operation did not succeed: waits, or turns away. */
static void stopped(struct session *session, int result)
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
        refuse(session, "the caller does not offer h2 by ALPN");
        return;
    }
    while (result == 1 && session->said_bytes < PREFACE_BYTES) {
        int got = SSL_read(session->ssl, session->said + session->said_bytes,
                           (int)(PREFACE_BYTES - session->said_bytes));
        if (got <= 0) {
            stopped(session, got);
            return;
        }
        session->said_bytes += (size_t)got;
        if (!preface_begins(session->said, session->said_bytes)) {
            reject(session);
            return;
        }
    }
    if (result == 1)
        accept_connection(session);
    else
        stopped(session, result);
}

static void on_turn(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    /* OpenSSL would take another connection's error for this one's. */
    ERR_clear_error();
    if (what & EV_TIMEOUT)
        reject(context);
    else
        advance(context);
}

static void wait_for(struct session *session, short what)
{
    int64_t left_ns = session->patient_until_ns - clock_now_ns();
    if (left_ns < 0)
        left_ns = 0;
    struct timeval patience = clock_timeval(left_ns);
    event_assign(&session->turn, session->tls->base, session->outer, what, on_turn, session);
    event_add(&session->turn, &patience);
}

static void on_added(struct task *task)
{
    struct session *session = container_of(task, struct session, added);
    struct tls *tls = session->tls;
    LIST_INSERT_HEAD(&tls->arriving, session, place);
    pthread_mutex_lock(&tls->lock);
    session->ssl = memory_expect(SSL_new(tls->context.handshakes));
    pthread_mutex_unlock(&tls->lock);
    SSL_set_fd(session->ssl, session->outer);
    wait_for(session, EV_READ);
    if (!tls->admitting)
        reject(session);
}

void tls_add(struct tls *tls, int outer, int inner, int other)
{
    struct session *session = memory_expect(calloc(1, sizeof *session));
    session->added.run = on_added;
    session->tls = tls;
    session->outer = outer;
    session->inner = inner;
    session->other = other;
    session->patient_until_ns = clock_now_ns() + tls->patience_ns;
    task_queue_post(&tls->tasks, &session->added);
}

static void on_stop(struct task *task)
{
    struct tls *tls = container_of(task, struct tls, stop);
    tls->admitting = false;
    while (!LIST_EMPTY(&tls->arriving))
        reject(LIST_FIRST(&tls->arriving));
    sem_post(&tls->stopped);
}

static void on_left(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct tls *tls = context;
    while (!LIST_EMPTY(&tls->tunnels))
        on_tunnel_ended(LIST_FIRST(&tls->tunnels));
}

static void on_end(struct task *task)
{
    struct tls *tls = container_of(task, struct tls, end);
    tls->ending = true;
    event_add(tls->left, &drain);
    end_loop_when_empty(tls);
}

static void *run(void *context)
{
    struct tls *tls = context;
    event_base_loop(tls->base, EVLOOP_NO_EXIT_ON_EMPTY);
    return NULL;
}

/* Signals are for the main thread. */
static bool start(struct tls *tls, struct status *status)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    errno = pthread_create(&tls->thread, NULL, run, tls);
    tls->started = errno == 0;
    if (!tls->started)
        status_set(status, STATUS_INTERNAL, "start the thread for TLS: %m");
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (tls->started)
        pthread_setname_np(tls->thread, "tls");
    return tls->started;
}

static bool open_loop(struct tls *tls, struct status *status)
{
    struct event_config *config = memory_expect(event_config_new());
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
    tls->base = event_base_new_with_config(config);
    event_config_free(config);
    if (!tls->base || !task_queue_init(&tls->tasks, tls->base))
        return status_fail(status, STATUS_INTERNAL, "open the loop for TLS: %m");
    tls->left = memory_expect(evtimer_new(tls->base, on_left, tls));
    return true;
}

bool tls_open(const struct tls_files *files, int64_t patience_ns, const struct tls_events *events,
              struct tls **tls, struct status *status)
{
    struct tls *made = memory_expect(calloc(1, sizeof *made));
    made->files = *files;
    made->events = *events;
    made->patience_ns = patience_ns;
    made->admitting = true;
    made->stop.run = on_stop;
    made->end.run = on_end;
    LIST_INIT(&made->arriving);
    LIST_INIT(&made->tunnels);
    sem_init(&made->stopped, 0, 0);
    pthread_mutex_init(&made->lock, NULL);
    if (!tls_context_load(files, &made->context, status) || !open_loop(made, status) ||
        !start(made, status)) {
        tls_free(made);
        return false;
    }
    memcpy(made->reload.digest, made->context.digest, sizeof made->reload.digest);
    *tls = made;
    return true;
}

enum reload_result tls_reload(struct tls *tls, struct status *summary)
{
    struct tls_context read = {0};
    bool good = tls_context_load(&tls->files, &read, summary);
    enum reload_result result = reload_judge(&tls->reload, good ? read.digest : NULL, summary);
    if (result == RELOAD_LOADED) {
        tls_context_describe(&read, summary);
        pthread_mutex_lock(&tls->lock);
        struct tls_context last = tls->context;
        tls->context = read;
        pthread_mutex_unlock(&tls->lock);
        read = last;
    }
    tls_context_clear(&read);
    return result;
}

void tls_stop(struct tls *tls)
{
    task_queue_post(&tls->tasks, &tls->stop);
    while (sem_wait(&tls->stopped) != 0)
        ;
}

void tls_free(struct tls *tls)
{
    if (!tls)
        return;
    if (tls->started) {
        task_queue_post(&tls->tasks, &tls->end);
        pthread_join(tls->thread, NULL);
    }
    if (tls->left)
        event_free(tls->left);
    task_queue_clear(&tls->tasks);
    if (tls->base)
        event_base_free(tls->base);
    tls_context_clear(&tls->context);
    pthread_mutex_destroy(&tls->lock);
    sem_destroy(&tls->stopped);
    free(tls);
}

void tls_ping(struct tls *tls, struct thread_ping *ping)
{
    thread_ping_post(&tls->pinged, &tls->tasks, ping);
}
