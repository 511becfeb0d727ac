/* SPDX-License-Identifier: MIT */
/*
 * Are the certificates of a file those that it holds, whatever else it holds? Those that were taken
 * are written as a file of their own, of which the same ones are taken. A refusal names the file
 * and never its content.
 */
#include <assert.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdint.h>

#include "system/pem.h"

#include "base/banned.h"

#define MOST 16

struct taken {
    X509 *list[MOST];
    size_t count;
};

static bool take(struct x509_st *certificate, size_t index, void *context)
{
    struct taken *taken = context;
    assert(index == taken->count);
    if (taken->count == MOST)
        return false;
    X509_up_ref(certificate);
    taken->list[taken->count++] = certificate;
    return true;
}

static void clear(struct taken *taken)
{
    for (size_t i = 0; i < taken->count; i++)
        X509_free(taken->list[i]);
}

static void check_again(const struct taken *taken)
{
    struct taken again = {.count = 0};
    struct status status;
    BIO *out = BIO_new(BIO_s_mem());
    char *bytes;
    assert(out);
    for (size_t i = 0; i < taken->count; i++)
        PEM_write_bio_X509(out, taken->list[i]);
    struct pem_file file = {.path = "again"};
    file.text.size = (size_t)BIO_get_mem_data(out, &bytes);
    file.text.data = bytes;
    bool good = pem_certificates(&file, take, &again, &status);
    assert(good && again.count == taken->count);
    for (size_t i = 0; i < again.count; i++)
        assert(X509_cmp(again.list[i], taken->list[i]) == 0);
    clear(&again);
    BIO_free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct pem_file file = {"the-file", {(const char *)data, size}};
    struct taken taken = {.count = 0};
    struct status status;
    if (pem_certificates(&file, take, &taken, &status))
        check_again(&taken);
    else
        assert(status.code == STATUS_FAILED_PRECONDITION && strstr(status.message, "the-file"));
    clear(&taken);
    return 0;
}
