/* SPDX-License-Identifier: MIT */
/* --token-file: a token that others write and renew. See source.h. */
#pragma once

#include "credential/source.h"

/* `path` must outlive the source. */
struct source *source_token_file_open(const char *path);
