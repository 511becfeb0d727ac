/* SPDX-License-Identifier: MIT */
#include "server/core.h"

#include <grpc/support/alloc.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define ADOPTED "fd:"

int core_descriptor_named(const char *peer)
{
    bool is_ours = peer && strncmp(peer, ADOPTED, sizeof ADOPTED - 1) == 0;
    return is_ours ? (int)strtol(peer + sizeof ADOPTED - 1, NULL, 10) : -1;
}

int core_descriptor(grpc_call *rpc)
{
    char *peer = grpc_call_get_peer(rpc);
    int fd = core_descriptor_named(peer);
    gpr_free(peer);
    return fd;
}
