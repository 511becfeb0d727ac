/* SPDX-License-Identifier: MIT */
/*
 * The CAs that the upstream's certificate is verified with: a bundle, read from a file as a whole,
 * shared by the connections and replaced when the file has changed. The thread of the listener's
 * loop opens and frees; trust_store_acquire may be called from any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/status.h"
#include "system/reload.h"

struct x509_store_st; /* OpenSSL's X509_STORE */
struct trust_store;

/* Reads the file, and again when it changes; what is read is for connections from then on.
 * While it could not be read, no certificate is trusted. INTERNAL when the loop refuses. `path`
 * must outlive it. */
must_use bool trust_store_open(const char *path, const struct reload_listener *listener,
                               struct trust_store **trust_store, struct status *status);
void trust_store_free(struct trust_store *trust_store); /* NULL is allowed */

/* Whether the file has been read once. Any thread. */
bool trust_store_is_loaded(struct trust_store *trust_store);

/* A reference to the store of now, and its version, which differs after each change. */
struct x509_store_st *trust_store_acquire(struct trust_store *trust_store, unsigned *version);
