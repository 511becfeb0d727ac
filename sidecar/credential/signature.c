/* SPDX-License-Identifier: MIT */
#include "credential/signature.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "credential/canonical_request.h"
#include "credential/hash.h"

#include "base/banned.h"

#define ALGORITHM "SDK-HMAC-SHA256"

/* "20060102T150405Z" and a terminator. */
#define SDK_DATE_BYTES 17

/* Content-Type and Host beside the fields that are added, without Authorization. */
#define MOST_SIGNED (SIGNATURE_FIELDS + 1)

struct signing_key {
    struct access_key access_key;
    pthread_mutex_t lock; /* of the hasher */
    struct hasher *hasher;
};

/* A signature under way. */
struct signing {
    const struct signature_scope *scope;
    const struct http_request *request;
    char date[SDK_DATE_BYTES];
    struct canonical_field fields[MOST_SIGNED];
    struct canonical_fields signed_fields;
};

bool signing_key_new(const struct access_key *access_key, struct signing_key **key,
                     struct status *status)
{
    struct hasher *hasher;
    if (!hasher_new(access_key->secret, &hasher, status))
        return false;
    struct signing_key *made = memory_expect(calloc(1, sizeof *made));
    made->access_key = *access_key;
    made->hasher = hasher;
    pthread_mutex_init(&made->lock, NULL);
    *key = made;
    return true;
}

void signing_key_free(struct signing_key *key)
{
    if (!key)
        return;
    hasher_free(key->hasher);
    pthread_mutex_destroy(&key->lock);
    free(key);
}

static void write_date(int64_t seconds, char date[SDK_DATE_BYTES])
{
    struct tm utc;
    time_t time = seconds;
    if (!gmtime_r(&time, &utc) || strftime(date, SDK_DATE_BYTES, "%Y%m%dT%H%M%SZ", &utc) == 0)
        date[0] = '\0';
}

static struct text content_type(const struct http_request *request)
{
    for (size_t i = 0; i < request->field_count; i++)
        if (text_equal_nocase(request->fields[i].name, text_literal("Content-Type")))
            return text_trim(request->fields[i].value);
    return text_literal("");
}

static struct text project_of(const struct signature_scope *scope)
{
    return scope->project_id.size > 0 ? text_trim(scope->project_id) : text_literal("");
}

/* Fields that are absent or empty are not sent and not signed. */
static void choose_fields(struct signing *signing, const struct access_key *access_key)
{
    const struct canonical_field candidates[] = {
        {text_literal("content-type"), content_type(signing->request)},
        {text_literal("host"), signing->scope->host},
        {text_literal("x-project-id"), project_of(signing->scope)},
        {text_literal("x-sdk-date"), text_of(signing->date)},
        {text_literal("x-security-token"), access_key->security_token},
    };
    size_t count = 0;
    for (size_t i = 0; i < array_length(candidates); i++)
        if (candidates[i].value.size > 0)
            signing->fields[count++] = candidates[i];
    signing->signed_fields = (struct canonical_fields){signing->fields, count};
}

static bool sign(struct signing *signing, struct signing_key *key, struct arena *arena,
                 char signature[HASH_HEX_BYTES], struct status *status)
{
    char text[sizeof ALGORITHM + SDK_DATE_BYTES + HASH_HEX_BYTES] = ALGORITHM "\n";
    memcpy(text + sizeof ALGORITHM, signing->date, SDK_DATE_BYTES - 1);
    text[sizeof ALGORITHM + SDK_DATE_BYTES - 1] = '\n';
    pthread_mutex_lock(&key->lock);
    bool good =
        canonical_request_hash(signing->request, &signing->signed_fields, arena, key->hasher,
                               text + sizeof ALGORITHM + SDK_DATE_BYTES, status);
    if (good)
        hasher_authenticate(key->hasher, (struct text){text, sizeof text}, signature);
    pthread_mutex_unlock(&key->lock);
    return good;
}

static struct text authorization(const struct signing *signing, struct text id,
                                 const char signature[HASH_HEX_BYTES], struct arena *arena)
{
    struct buffer value;
    buffer_init(&value, arena, 0);
    buffer_add_literal(&value, ALGORITHM " Access=");
    buffer_add_text(&value, id);
    buffer_add_literal(&value, ", SignedHeaders=");
    canonical_names(&signing->signed_fields, &value);
    buffer_add_literal(&value, ", Signature=");
    buffer_add(&value, signature, HASH_HEX_BYTES);
    return value.full ? (struct text){NULL, 0} : buffer_text(&value);
}

/* Each value is legal: the key's were checked when it was made, the rest is written here. The
 * project's id comes from a caller. */
static void add_fields(struct http_request *request, struct text date, struct text project_id,
                       struct text security_token, struct text authorization)
{
    const struct http_field candidates[] = {
        {text_literal("X-Sdk-Date"), date, .is_checked = true},
        {text_literal("X-Project-Id"), project_id, .is_checked = false},
        {text_literal("X-Security-Token"), security_token, .is_checked = true, .is_secret = true},
        {text_literal("Authorization"), authorization, .is_checked = true, .is_secret = true},
    };
    for (size_t i = 0; i < array_length(candidates); i++)
        if (candidates[i].value.size > 0)
            request->fields[request->field_count++] = candidates[i];
}

struct text signature_of(const struct http_request *request)
{
    struct text authorization = request->fields[request->field_count - 1].value;
    return text_skip(authorization, authorization.size - HASH_HEX_BYTES);
}

bool signature_add(struct signing_key *key, const struct signature_scope *scope,
                   struct arena *arena, struct http_request *request, struct status *status)
{
    struct signing signing = {.scope = scope, .request = request};
    char signature[HASH_HEX_BYTES];
    if (request->field_count + SIGNATURE_FIELDS > HTTP_REQUEST_FIELDS)
        return status_fail(status, STATUS_INTERNAL,
                           "the request has too many fields for a signature");
    write_date(scope->seconds, signing.date);
    choose_fields(&signing, &key->access_key);
    if (!sign(&signing, key, arena, signature, status))
        return false;
    struct text value = authorization(&signing, key->access_key.id, signature, arena);
    explicit_bzero(signature, sizeof signature);
    char *date = arena_copy(arena, signing.date, SDK_DATE_BYTES - 1);
    if (!value.data || !date)
        return status_fail(status, STATUS_RESOURCE_EXHAUSTED,
                           "the request's signature does not fit the call's memory");
    add_fields(request, text_of(date), project_of(scope), key->access_key.security_token, value);
    return true;
}
