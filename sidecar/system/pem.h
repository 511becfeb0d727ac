/* SPDX-License-Identifier: MIT */
/* Files in PEM: certificates, keys, bundles of CAs. Any thread; reading waits for the disk. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "base/status.h"
#include "base/text.h"

struct x509_st; /* OpenSSL's X509 */

struct pem_file {
    const char *path; /* NULL: there is none, and the text is empty */
    struct text text;
};

/* Larger files are refused; a whole system's bundle has a quarter of it. */
#define PEM_FILE_BYTES (1U << 20)

/* Reads the files' texts into the arena. FAILED_PRECONDITION, naming the one that cannot be read.
 */
must_use bool pem_read(struct pem_file *files, size_t count, struct arena *arena,
                       struct status *status);

/* Hands each certificate, of which there is at least one, to `take`, which keeps a reference of its
 * own. FAILED_PRECONDITION, naming the file and never its content, otherwise. */
must_use bool pem_certificates(const struct pem_file *file,
                               bool (*take)(struct x509_st *certificate, size_t index,
                                            void *context),
                               void *context, struct status *status);

/* OpenSSL's reason for what failed last on this thread, which is forgotten. */
const char *pem_reason(void);

/* What tells the files' content from any other. */
#define PEM_DIGEST_BYTES 32
void pem_digest(const struct pem_file *files, size_t count, unsigned char digest[PEM_DIGEST_BYTES]);
