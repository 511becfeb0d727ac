/* SPDX-License-Identifier: MIT */
#include "credential/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#include "base/banned.h"

struct credential_snapshot {
    atomic_size_t holders;
    atomic_bool is_confirmed;
    struct issued issued; /* views of what follows */
    struct secret *token, *secret, *security;
    struct signing_key *key; /* NULL for a token */
    char texts[];            /* the access key and the project */
};

static struct text keep_secret(struct secret **secret, struct secret_list *secrets,
                               struct text value)
{
    if (value.size == 0)
        return (struct text){NULL, 0};
    *secret = secret_new(secrets, value);
    return secret_value(*secret);
}

static struct text keep_text(char **at, struct text text)
{
    struct text copy = {*at, text.size};
    if (text.size > 0)
        memcpy(*at, text.data, text.size);
    *at += text.size;
    return copy;
}

static struct credential_snapshot *copy(const struct issued *issued, struct secret_list *secrets)
{
    struct credential_snapshot *made =
        memory_expect(calloc(1, sizeof *made + issued->access.size + issued->project.size));
    char *at = made->texts;
    atomic_init(&made->holders, 1);
    atomic_init(&made->is_confirmed, issued->kind == ISSUED_TOKEN);
    made->issued = *issued;
    made->issued.access = keep_text(&at, issued->access);
    made->issued.project = keep_text(&at, issued->project);
    made->issued.token = keep_secret(&made->token, secrets, issued->token);
    made->issued.secret = keep_secret(&made->secret, secrets, issued->secret);
    made->issued.security = keep_secret(&made->security, secrets, issued->security);
    return made;
}

bool snapshot_new(const struct issued *issued, struct secret_list *secrets,
                  struct credential_snapshot **snapshot, struct status *status)
{
    struct credential_snapshot *made = copy(issued, secrets);
    const struct access_key key = {made->issued.access, made->issued.secret, made->issued.security};
    if (issued->kind == ISSUED_KEY && !signing_key_new(&key, &made->key, status)) {
        snapshot_release(made);
        return false;
    }
    *snapshot = made;
    return true;
}

/* Relaxed, because the caller holds the snapshot already, or a lock that keeps it. All uses are
 * ordered before the wipe by the release of the last holder. */
void snapshot_hold(struct credential_snapshot *snapshot)
{
    atomic_fetch_add_explicit(&snapshot->holders, 1, memory_order_relaxed);
}

void snapshot_release(struct credential_snapshot *snapshot)
{
    if (!snapshot || atomic_fetch_sub_explicit(&snapshot->holders, 1, memory_order_acq_rel) != 1)
        return;
    signing_key_free(snapshot->key);
    secret_wipe(snapshot->token);
    secret_wipe(snapshot->secret);
    secret_wipe(snapshot->security);
    free(snapshot);
}

const struct issued *snapshot_issued(const struct credential_snapshot *snapshot)
{
    return &snapshot->issued;
}

bool snapshot_equal(const struct credential_snapshot *a, const struct credential_snapshot *b)
{
    return a && b && text_equal(a->issued.token, b->issued.token) &&
           text_equal(a->issued.access, b->issued.access) &&
           text_equal(a->issued.secret, b->issued.secret) &&
           text_equal(a->issued.security, b->issued.security) &&
           text_equal(a->issued.project, b->issued.project);
}

/* The token's bytes were checked once, when it was issued. */
static bool add_token(const struct credential_snapshot *snapshot, struct http_request *request,
                      struct status *status)
{
    if (request->field_count == HTTP_REQUEST_FIELDS)
        return status_fail(status, STATUS_INTERNAL, "the request has too many fields");
    request->fields[request->field_count++] =
        (struct http_field){text_literal("X-Auth-Token"), snapshot->issued.token,
                            .is_checked = true, .is_secret = true};
    return true;
}

bool snapshot_sign(struct credential_snapshot *snapshot, const struct signature_scope *scope,
                   struct arena *arena, struct http_request *request, struct status *status)
{
    return snapshot->key ? signature_add(snapshot->key, scope, arena, request, status)
                         : add_token(snapshot, request, status);
}

bool snapshot_is_confirmed(const struct credential_snapshot *snapshot)
{
    return atomic_load_explicit(&snapshot->is_confirmed, memory_order_acquire);
}

void snapshot_set_confirmed(struct credential_snapshot *snapshot, bool is_confirmed)
{
    atomic_store_explicit(&snapshot->is_confirmed, is_confirmed, memory_order_release);
}
