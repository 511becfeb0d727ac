/* SPDX-License-Identifier: MIT */
/* --pod-identity: a temporary key of the agency that CCE Pod Identity gives the pod. See source.h.
 */
#pragma once

#include "credential/source.h"

/* The agent's URL and the file of the pod's token, which must outlive the source. */
struct source *source_pod_open(const char *url, const char *token_file);
