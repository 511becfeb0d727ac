/* SPDX-License-Identifier: MIT */
#include "server/caller_hash.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static unsigned char key[32];
static pthread_once_t key_drawn = PTHREAD_ONCE_INIT;

static void draw_key(void)
{
    arc4random_buf(key, sizeof key);
}

uint64_t caller_hash(struct text name)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    uint64_t hash;
    pthread_once(&key_drawn, draw_key);
    /* Fails only without memory. */
    if (!HMAC(EVP_sha256(), key, sizeof key, (const unsigned char *)name.data, name.size, digest,
              NULL))
        abort();
    memcpy(&hash, digest, sizeof hash);
    return hash;
}
