/* SPDX-License-Identifier: MIT */
/*
 * Access keys as files hold them: one value in each file, or the form of the vendor's SDKs, an INI
 * file whose section [basic] has the names ak, sk, security_token and project_id. Messages have
 * nothing of a file's content but names. Pure; any thread.
 */
#pragma once

#include "base/status.h"
#include "credential/issued.h"

/* More than any access key and any secret of the vendor's has; 20 and 40 are usual. */
#define KEY_BYTES 256

/* The largest INI file. */
#define KEY_INI_BYTES 65536

/*
 * Reads an INI file; the texts of `issued` are views of it. Lines are `name = value` or
 * `name: value`, comments begin with # or ;, names are compared without case, and sections and
 * names that are not listed above are skipped. UNAVAILABLE, with what to change, when a value is
 * missing, stands there twice or is not one.
 */
must_use bool key_values_parse(struct text file, struct issued *issued, struct status *status);

/* Returns whether the access key, the secret and, if present, the security token are visible ASCII
 * of at most KEY_BYTES, the token of CREDENTIAL_BYTES. UNAVAILABLE, naming the value, otherwise. */
must_use bool key_values_check(const struct issued *issued, struct status *status);
