/* SPDX-License-Identifier: MIT */
/* Files in PEM: certificates, keys, bundles of CAs. Any thread; reading may wait for the disk. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "base/status.h"
#include "base/text.h"

struct x509_st;     /* OpenSSL's X509 */
struct evp_pkey_st; /* OpenSSL's EVP_PKEY */

struct pem_file {
    const char *path; /* NULL: no file, and the text is empty */
    struct text text;
};

/* The largest file that is read; the bundle of a whole system has a quarter of this. */
#define PEM_FILE_BYTES (1U << 20)

/* Reads the files' texts into the arena. FAILED_PRECONDITION, naming a file that cannot be read. */
must_use bool pem_read(struct pem_file *files, size_t count, struct arena *arena,
                       struct status *status);

/* Calls `take` for each certificate; it takes a reference of its own to keep it.
 * FAILED_PRECONDITION, naming the file and never its content, when one is not valid or there is
 * none. */
must_use bool pem_certificates(const struct pem_file *file,
                               bool (*take)(struct x509_st *certificate, size_t index,
                                            void *context),
                               void *context, struct status *status);

/* The private key of a file, which the caller frees. FAILED_PRECONDITION, naming the file and never
 * its content, when it is encrypted or there is none; NULL then. */
must_use struct evp_pkey_st *pem_private_key(const struct pem_file *file, struct status *status);

/* Checks that the key is that of the first certificate. FAILED_PRECONDITION, naming a file. */
must_use bool pem_check_pair(const struct pem_file *certificates, const struct pem_file *key,
                             struct status *status);

/* OpenSSL's reason for the last failure on this thread, whose errors are cleared. */
const char *pem_reason(void);

/* SHA-256 over the files' content. */
#define PEM_DIGEST_BYTES 32
void pem_digest(const struct pem_file *files, size_t count, unsigned char digest[PEM_DIGEST_BYTES]);
