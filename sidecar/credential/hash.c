/* SPDX-License-Identifier: MIT */
#include "credential/hash.h"

#include <assert.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "base/ascii.h"
#include "base/memory.h"

#include "base/banned.h"

#define HASH_BYTES 32

/* Short pieces are gathered, because each call of OpenSSL costs as much as hashing a block. */
#define GATHERED_BYTES 256

struct hasher {
    EVP_MD *algorithm;
    EVP_MD_CTX *hash;
    EVP_MAC_CTX *mac; /* with its key */
    size_t gathered_size;
    char gathered[GATHERED_BYTES];
};

/* OpenSSL's operations on memory fail only when the machine has none left. */
static void expect(int succeeded)
{
    assert(succeeded == 1);
    (void)succeeded;
}

static EVP_MAC_CTX *new_mac(struct text key)
{
    char digest[] = "SHA256";
    OSSL_PARAM parameters[] = {OSSL_PARAM_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                               OSSL_PARAM_END};
    EVP_MAC *algorithm = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *mac = algorithm ? EVP_MAC_CTX_new(algorithm) : NULL;
    EVP_MAC_free(algorithm);
    if (mac && EVP_MAC_init(mac, (const unsigned char *)key.data, key.size, parameters) == 1)
        return mac;
    EVP_MAC_CTX_free(mac);
    return NULL;
}

bool hasher_new(struct text key, struct hasher **hasher, struct status *status)
{
    assert(key.size > 0);
    struct hasher *made = memory_expect(calloc(1, sizeof *made));
    made->algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
    made->hash = EVP_MD_CTX_new();
    made->mac = new_mac(key);
    if (!made->algorithm || !made->hash || !made->mac) {
        hasher_free(made);
        return status_fail(status, STATUS_INTERNAL,
                           "OpenSSL does not provide SHA-256 and HMAC, so that no request can be "
                           "signed; see its configuration file");
    }
    *hasher = made;
    return true;
}

void hasher_free(struct hasher *hasher)
{
    if (!hasher)
        return;
    EVP_MAC_CTX_free(hasher->mac);
    EVP_MD_CTX_free(hasher->hash);
    EVP_MD_free(hasher->algorithm);
    explicit_bzero(hasher->gathered, sizeof hasher->gathered);
    free(hasher);
}

static void add_gathered(struct hasher *hasher)
{
    expect(EVP_DigestUpdate(hasher->hash, hasher->gathered, hasher->gathered_size));
    hasher->gathered_size = 0;
}

void hasher_begin(struct hasher *hasher)
{
    expect(EVP_DigestInit_ex2(hasher->hash, hasher->algorithm, NULL));
    hasher->gathered_size = 0;
}

void hasher_add(struct hasher *hasher, struct text text)
{
    if (text.size > GATHERED_BYTES - hasher->gathered_size)
        add_gathered(hasher);
    if (text.size > GATHERED_BYTES)
        expect(EVP_DigestUpdate(hasher->hash, text.data, text.size));
    else if (text.size > 0) {
        memcpy(hasher->gathered + hasher->gathered_size, text.data, text.size);
        hasher->gathered_size += text.size;
    }
}

void hasher_add_char(struct hasher *hasher, char c)
{
    if (hasher->gathered_size == GATHERED_BYTES)
        add_gathered(hasher);
    hasher->gathered[hasher->gathered_size++] = c;
}

static void write_hex(const unsigned char hash[HASH_BYTES], char hex[HASH_HEX_BYTES])
{
    for (size_t i = 0; i < HASH_BYTES; i++) {
        hex[2 * i] = ascii_hex_digit(hash[i] >> 4);
        hex[2 * i + 1] = ascii_hex_digit(hash[i]);
    }
}

void hasher_end(struct hasher *hasher, char hex[HASH_HEX_BYTES])
{
    unsigned char hash[HASH_BYTES];
    add_gathered(hasher);
    expect(EVP_DigestFinal_ex(hasher->hash, hash, NULL));
    write_hex(hash, hex);
}

void hasher_hash(struct hasher *hasher, struct text text, char hex[HASH_HEX_BYTES])
{
    hasher_begin(hasher);
    hasher_add(hasher, text);
    hasher_end(hasher, hex);
}

void hasher_authenticate(struct hasher *hasher, struct text text, char hex[HASH_HEX_BYTES])
{
    unsigned char hash[HASH_BYTES];
    size_t size;
    expect(EVP_MAC_init(hasher->mac, NULL, 0, NULL));
    expect(EVP_MAC_update(hasher->mac, (const unsigned char *)text.data, text.size));
    expect(EVP_MAC_final(hasher->mac, hash, &size, sizeof hash));
    write_hex(hash, hex);
}
