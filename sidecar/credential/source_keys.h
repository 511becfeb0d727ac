/* SPDX-License-Identifier: MIT */
/* --keys: an access key that others write and renew, in a folder or a file. See source.h. */
#pragma once

#include "credential/source.h"

/* `path`, as keys_read takes it, must outlive the source. */
struct source *source_keys_open(const char *path);
