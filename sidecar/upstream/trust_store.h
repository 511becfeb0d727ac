/* SPDX-License-Identifier: MIT */
/*
 * The CAs that the upstream's certificate is verified with: a bundle, read from a file as a whole,
 * shared by the connections and replaced when the file has changed. Any thread, unless a function
 * says otherwise.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/status.h"
#include "system/reload.h"

struct x509_store_st; /* OpenSSL's X509_STORE */
struct trust_store;

/* FAILED_PRECONDITION, naming the file, when it cannot be used. `path` must outlive it. */
must_use bool trust_store_open(const char *path, struct trust_store **trust_store,
                               struct status *status);
void trust_store_free(struct trust_store *trust_store); /* NULL is allowed */

/* Reads the file again; a good one is for connections from now on. `summary` is for the log. One
 * thread. */
enum reload_result trust_store_reload(struct trust_store *trust_store, struct status *summary);

/* A reference to the store of now, and its version, which differs after each change. */
struct x509_store_st *trust_store_acquire(struct trust_store *trust_store, unsigned *version);
