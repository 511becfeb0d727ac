/* SPDX-License-Identifier: MIT */
/* The table of the sidecar's options; between config.c, which reads them, and print.c, which prints
 * them. Read-only: any thread. */
#pragma once

#include "config/config.h"

extern const struct option config_options[];
extern const size_t config_option_count;

/* config->owned */
struct config_memory {
    struct arena arena;
    struct option_set set;
};
