/* SPDX-License-Identifier: MIT */
#include "system/process.h"

#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/compiler.h"

#include "base/banned.h"

/* With the first two C-core prints headers; libcurl writes the keys of each connection into the
 * file that the third names. */
static const char *const revealing[] = {"GRPC_TRACE", "GRPC_VERBOSITY", "SSLKEYLOGFILE"};

void process_keep_secrets(void)
{
    for (size_t i = 0; i < array_length(revealing); i++)
        unsetenv(revealing[i]);
    /* Both, because a core pattern that is a pipe ignores the limit. */
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
}

uint64_t process_raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return UINT64_MAX;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_max == RLIM_INFINITY ? UINT64_MAX : limit.rlim_max;
}
