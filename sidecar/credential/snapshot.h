/* SPDX-License-Identifier: MIT */
/*
 * One credential, immutable and counted, with a copy of its secrets in secret memory. The last
 * holder wipes it. Any thread.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/status.h"
#include "credential/issued.h"
#include "credential/signature.h"
#include "http/nouns.h"
#include "system/secret_list.h"

struct credential_snapshot;

/* Copies what was issued; its secrets are in `secrets`, which may be NULL, as long as the snapshot
 * lives. Returned with one holder. INTERNAL when requests cannot be signed with it. */
must_use bool snapshot_new(const struct issued *issued, struct secret_list *secrets,
                           struct credential_snapshot **snapshot, struct status *status);
void snapshot_hold(struct credential_snapshot *snapshot);
void snapshot_release(struct credential_snapshot *snapshot); /* NULL is allowed */

/* Views that are valid while the snapshot is held. */
const struct issued *snapshot_issued(const struct credential_snapshot *snapshot);

/* True when both are the same token or the same key. NULL is equal to nothing. */
bool snapshot_equal(const struct credential_snapshot *a, const struct credential_snapshot *b);

/* Adds the fields of the credential to the request. Fails as signature_add does. */
must_use bool snapshot_sign(struct credential_snapshot *snapshot,
                            const struct signature_scope *scope, struct arena *arena,
                            struct http_request *request, struct status *status);

/* Whether the upstream has accepted the key; a token needs no such proof. */
bool snapshot_is_confirmed(const struct credential_snapshot *snapshot);
void snapshot_set_confirmed(struct credential_snapshot *snapshot, bool is_confirmed);
