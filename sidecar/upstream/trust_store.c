/* SPDX-License-Identifier: MIT */
#include "upstream/trust_store.h"

#include <openssl/x509_vfy.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "system/pem.h"
#include "upstream/upstream.h"

#include "base/banned.h"

/* The content of a file. */
struct bundle {
    X509_STORE *store;
    size_t count;
    unsigned char digest[PEM_DIGEST_BYTES];
};

struct trust_store {
    const char *path;
    struct reload *reload;
    unsigned char digest[PEM_DIGEST_BYTES]; /* of what was loaded; the reload's */
    pthread_mutex_t lock;                   /* of the members below */
    X509_STORE *store; /* empty until the file could be read: then nothing is trusted */
    bool is_loaded;
    unsigned version;
};

static bool take(X509 *certificate, size_t index, void *context)
{
    struct bundle *bundle = context;
    bundle->count = index + 1;
    return X509_STORE_add_cert(bundle->store, certificate) == 1;
}

static bool make(const struct pem_file *file, struct bundle *bundle, struct status *status)
{
    bundle->store = memory_expect(X509_STORE_new());
    /* A certificate in the file is trusted, also when it is not a root. */
    X509_STORE_set_flags(bundle->store, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST);
    pem_digest(file, 1, bundle->digest);
    if (pem_certificates(file, take, bundle, status))
        return true;
    X509_STORE_free(bundle->store);
    return false;
}

static bool read_bundle(const char *path, struct bundle *bundle, struct buffer *summary,
                        struct status *status)
{
    struct arena arena;
    struct pem_file file = {.path = path};
    arena_init(&arena, (size_t)4 * PEM_FILE_BYTES);
    bool good = pem_read(&file, 1, &arena, status) && make(&file, bundle, status);
    arena_clear(&arena);
    if (!good)
        return false;
    buffer_add_text(summary, text_of(path));
    buffer_add_literal(summary, ": ");
    buffer_add_u64(summary, bundle->count);
    buffer_add_literal(summary, " certificates");
    return true;
}

static void replace(struct trust_store *trust_store, X509_STORE *store)
{
    pthread_mutex_lock(&trust_store->lock);
    X509_STORE *last = trust_store->store;
    trust_store->store = store;
    trust_store->is_loaded = true;
    trust_store->version++;
    pthread_mutex_unlock(&trust_store->lock);
    X509_STORE_free(last);
}

static bool load(void *context, bool *changed, struct buffer *summary, struct status *status)
{
    struct trust_store *trust_store = context;
    struct bundle bundle;
    if (!read_bundle(trust_store->path, &bundle, summary, status))
        return false;
    *changed = memcmp(trust_store->digest, bundle.digest, sizeof bundle.digest) != 0;
    memcpy(trust_store->digest, bundle.digest, sizeof bundle.digest);
    if (*changed)
        replace(trust_store, bundle.store);
    else
        X509_STORE_free(bundle.store);
    return true;
}

bool trust_store_open(const char *path, const struct reload_listener *listener,
                      struct trust_store **trust_store, struct status *status)
{
    struct trust_store *made = memory_expect(calloc(1, sizeof *made));
    const struct reload_source source = {.paths = {path}, .load = load, .context = made};
    made->path = path;
    made->store = memory_expect(X509_STORE_new());
    pthread_mutex_init(&made->lock, NULL);
    if (!reload_open(&source, listener, &made->reload, status)) {
        trust_store_free(made);
        return false;
    }
    *trust_store = made;
    return true;
}

void trust_store_free(struct trust_store *trust_store)
{
    if (!trust_store)
        return;
    reload_free(trust_store->reload);
    X509_STORE_free(trust_store->store);
    pthread_mutex_destroy(&trust_store->lock);
    free(trust_store);
}

struct x509_store_st *trust_store_acquire(struct trust_store *trust_store, unsigned *version)
{
    pthread_mutex_lock(&trust_store->lock);
    X509_STORE *store = trust_store->store;
    X509_STORE_up_ref(store);
    *version = trust_store->version;
    pthread_mutex_unlock(&trust_store->lock);
    return store;
}

bool trust_store_is_loaded(struct trust_store *trust_store)
{
    pthread_mutex_lock(&trust_store->lock);
    bool is_loaded = trust_store->is_loaded;
    pthread_mutex_unlock(&trust_store->lock);
    return is_loaded;
}

bool upstream_check_ca(const char *path, struct buffer *summary, struct status *status)
{
    struct bundle bundle;
    if (!read_bundle(path, &bundle, summary, status))
        return false;
    X509_STORE_free(bundle.store);
    return true;
}
