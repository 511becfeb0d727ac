/* SPDX-License-Identifier: MIT */
/* --oidc-token-file: the token of a Kubernetes service account is exchanged for a credential. See
 * source.h. */
#pragma once

#include "credential/iam.h"
#include "credential/source.h"

/* The identity that is exchanged. */
struct oidc_identity {
    const char *token_file; /* it is read again for each fetch, because kubelet renews it */
    const char *provider;   /* id of an identity provider of IAM, or its URN */
    const char *agency;     /* URN of the agency to assume; NULL unless the provider is a URN */
};

/* Identity, place and their strings outlive the source. */
struct source *source_oidc_open(const struct oidc_identity *identity, const struct iam_place *iam);
