/* SPDX-License-Identifier: MIT */
#include "server/tls.h"

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#include "base/banned.h"

struct tls {
    struct tls_files files;
    struct reload *reload;
    pthread_mutex_t lock; /* of `context` */
    struct tls_context context;
};

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
    if (!tls_context_load(&tls->files, &read, status))
        return false;
    *changed = memcmp(read.digest, tls->context.digest, sizeof read.digest) != 0;
    tls_context_describe(&read, summary);
    replace_context(tls, &read);
    return true;
}

bool tls_open(const struct tls_files *files, const struct reload_listener *changes,
              struct tls **tls, struct status *status)
{
    struct tls *made = memory_expect(calloc(1, sizeof *made));
    made->files = *files;
    pthread_mutex_init(&made->lock, NULL);
    const struct reload_source source = {
        .paths = {files->certificate, files->key, files->client_ca},
        .load = load,
        .context = made,
        .is_required = true,
    };
    if (!reload_open(&source, changes, &made->reload, status)) {
        tls_free(made);
        return false;
    }
    *tls = made;
    return true;
}

struct ssl_st *tls_session(struct tls *tls, int fd)
{
    pthread_mutex_lock(&tls->lock);
    SSL *session = memory_expect(SSL_new(tls->context.handshakes));
    pthread_mutex_unlock(&tls->lock);
    SSL_set_fd(session, fd);
    return session;
}

void tls_free(struct tls *tls)
{
    if (!tls)
        return;
    reload_free(tls->reload);
    tls_context_clear(&tls->context);
    pthread_mutex_destroy(&tls->lock);
    free(tls);
}
