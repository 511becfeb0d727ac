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

/* True for the URN of a provider: STS then issues a temporary key of the agency, and otherwise IAM
 * issues a token. */
bool oidc_is_urn(const char *provider);

/* Identity, place and their strings outlive the source. */
struct source *source_oidc_open(const struct oidc_identity *identity, const struct iam_place *iam);
