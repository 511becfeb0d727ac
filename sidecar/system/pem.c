/* SPDX-License-Identifier: MIT */
#include "system/pem.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include "base/memory.h"
#include "system/file.h"

#include "base/banned.h"

_Static_assert(PEM_DIGEST_BYTES == SHA256_DIGEST_LENGTH, "the digest is SHA-256");

bool pem_read(struct pem_file *files, size_t count, struct arena *arena, struct status *status)
{
    for (size_t i = 0; i < count; i++)
        if (files[i].path &&
            !file_read(files[i].path, PEM_FILE_BYTES, arena, &files[i].text, status)) {
            status->code = STATUS_FAILED_PRECONDITION;
            return false;
        }
    return true;
}

const char *pem_reason(void)
{
    const char *text = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    return text ? text : "it is not PEM";
}

/* Returns whether parsing stopped at the file's end rather than at an error. */
static bool has_ended(void)
{
    bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    if (ended)
        ERR_clear_error();
    return ended;
}

bool pem_certificates(const struct pem_file *file,
                      bool (*take)(struct x509_st *certificate, size_t index, void *context),
                      void *context, struct status *status)
{
    BIO *reader = memory_expect(BIO_new_mem_buf(file->text.data, (int)file->text.size));
    size_t count = 0;
    bool good = true;
    ERR_clear_error();
    for (X509 *each; good && (each = PEM_read_bio_X509(reader, NULL, NULL, NULL)); count++) {
        good = take(each, count, context);
        X509_free(each);
    }
    BIO_free(reader);
    if (!good || !has_ended())
        return status_fail(status, STATUS_FAILED_PRECONDITION, "%s: certificate %zu: %s",
                           file->path, count + good, pem_reason());
    return count > 0 || status_fail(status, STATUS_FAILED_PRECONDITION,
                                    "%s: it holds no certificate in PEM", file->path);
}

/* Without this callback OpenSSL would read a password from the terminal. */
static int no_password(char *password, int size, int writing, void *context)
{
    (void)password, (void)size, (void)writing, (void)context;
    return -1;
}

EVP_PKEY *pem_private_key(const struct pem_file *file, struct status *status)
{
    BIO *reader = memory_expect(BIO_new_mem_buf(file->text.data, (int)file->text.size));
    EVP_PKEY *key = PEM_read_bio_PrivateKey(reader, NULL, no_password, NULL);
    BIO_free(reader);
    ERR_clear_error();
    if (!key)
        status_set(status, STATUS_FAILED_PRECONDITION,
                   "%s: it holds no private key in PEM, or an encrypted one", file->path);
    return key;
}

struct pair {
    EVP_PKEY *key;
    bool fits;
};

static bool compare_first(X509 *certificate, size_t index, void *context)
{
    struct pair *pair = context;
    if (index == 0)
        pair->fits = X509_check_private_key(certificate, pair->key) == 1;
    return true;
}

bool pem_check_pair(const struct pem_file *certificates, const struct pem_file *key,
                    struct status *status)
{
    struct pair pair = {pem_private_key(key, status), false};
    if (!pair.key)
        return false;
    bool good = pem_certificates(certificates, compare_first, &pair, status);
    EVP_PKEY_free(pair.key);
    return good &&
           (pair.fits || status_fail(status, STATUS_FAILED_PRECONDITION,
                                     "%s: it is not the key of %s", key->path, certificates->path));
}

void pem_digest(const struct pem_file *files, size_t count, unsigned char digest[PEM_DIGEST_BYTES])
{
    unsigned char each[8][SHA256_DIGEST_LENGTH] = {{0}};
    /* Each file is hashed by itself, so that the boundary between two of them counts. */
    for (size_t i = 0; i < count && i < array_length(each); i++)
        SHA256((const unsigned char *)files[i].text.data, files[i].text.size, each[i]);
    SHA256(each[0], sizeof each, digest);
}
