/* SPDX-License-Identifier: MIT */
/*
 * Keeps a credential fresh that its source has to ask for: fetches it, renews it in time, and takes
 * it out of use when its life ends. keeper_plan.h decides when. The loop's thread, but for
 * keeper_want.
 */
#pragma once

#include <stdint.h>

#include "base/status.h"
#include "credential/credential.h"
#include "credential/source.h"

struct keeper;

/* Fetches the first credential as soon as the loop runs. Fails as fetcher_open does. */
must_use bool keeper_open(struct credential *credential, struct source *source,
                          const struct credential_parts *parts, struct keeper **keeper,
                          struct status *status);
void keeper_free(struct keeper *keeper); /* NULL is allowed */

/* The upstream has refused the credential in use: another one is fetched as soon as may be. Any
 * thread. */
void keeper_want(struct keeper *keeper);
