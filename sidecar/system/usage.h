/* SPDX-License-Identifier: MIT */
/* Resources that this process uses, from the kernel. Any thread. */
#pragma once

#include <stdint.h>

struct usage {
    int64_t cpu_ns; /* user and system */
    int64_t resident_bytes;
    int64_t open_fds, max_fds;
};

/* A number that the kernel does not report is 0. */
void usage_read(struct usage *usage);
