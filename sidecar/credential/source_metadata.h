/* SPDX-License-Identifier: MIT */
/* --metadata: a temporary key of the node's agency. See source.h. */
#pragma once

#include "credential/source.h"

/* `url` is "http://address[:port]" and must outlive the source. */
struct source *source_metadata_open(const char *url);
