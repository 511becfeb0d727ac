/* SPDX-License-Identifier: MIT */
#include "upstream/trust_store.h"

#include <openssl/x509_vfy.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
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
    struct reload reload; /* of the thread that reloads */
    pthread_mutex_t lock; /* of the members below */
    X509_STORE *store;
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

static bool load(const char *path, struct bundle *bundle, struct status *status)
{
    struct arena arena;
    struct pem_file file = {.path = path};
    arena_init(&arena, (size_t)4 * PEM_FILE_BYTES);
    bool good = pem_read(&file, 1, &arena, status) && make(&file, bundle, status);
    arena_clear(&arena);
    return good;
}

bool trust_store_open(const char *path, struct trust_store **trust_store, struct status *status)
{
    struct bundle bundle;
    if (!load(path, &bundle, status))
        return false;
    struct trust_store *made = memory_expect(calloc(1, sizeof *made));
    made->path = path;
    made->store = bundle.store;
    memcpy(made->reload.digest, bundle.digest, sizeof bundle.digest);
    pthread_mutex_init(&made->lock, NULL);
    *trust_store = made;
    return true;
}

void trust_store_free(struct trust_store *trust_store)
{
    if (!trust_store)
        return;
    X509_STORE_free(trust_store->store);
    pthread_mutex_destroy(&trust_store->lock);
    free(trust_store);
}

static void describe(const char *path, size_t count, struct status *summary)
{
    status_set(summary, STATUS_UNKNOWN, "%s: %zu certificates", path, count);
}

enum reload_result trust_store_reload(struct trust_store *trust_store, struct status *summary)
{
    struct bundle bundle;
    if (!load(trust_store->path, &bundle, summary))
        return reload_judge(&trust_store->reload, NULL, summary);
    enum reload_result result = reload_judge(&trust_store->reload, bundle.digest, summary);
    X509_STORE *unused = bundle.store;
    if (result == RELOAD_LOADED) {
        describe(trust_store->path, bundle.count, summary);
        pthread_mutex_lock(&trust_store->lock);
        unused = trust_store->store;
        trust_store->store = bundle.store;
        trust_store->version++;
        pthread_mutex_unlock(&trust_store->lock);
    }
    X509_STORE_free(unused);
    return result;
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

bool upstream_check_ca(const char *path, struct status *summary)
{
    struct bundle bundle;
    if (!load(path, &bundle, summary))
        return false;
    describe(path, bundle.count, summary);
    X509_STORE_free(bundle.store);
    return true;
}
