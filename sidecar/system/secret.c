/* SPDX-License-Identifier: MIT */
#include "system/secret.h"

#include <string.h>
#include <sys/mman.h>

#include "base/banned.h"

void *secret_alloc(size_t bytes)
{
    void *secret = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (secret == MAP_FAILED)
        return NULL;
    /* Some containers refuse both; the credential is needed there too. */
    (void)mlock(secret, bytes);
    (void)madvise(secret, bytes, MADV_DONTDUMP);
    return secret;
}

void secret_free(void *secret, size_t bytes)
{
    if (!secret)
        return;
    explicit_bzero(secret, bytes);
    munmap(secret, bytes);
}
