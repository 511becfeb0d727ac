/* SPDX-License-Identifier: MIT */
/* A scripted server with one gRPC client, for each test of a group. Include cmocka.h first. */
#pragma once

#include <stdlib.h>

#include "grpc_client.h"
#include "scripted_server.h"

struct trial {
    struct scripted_server server;
    struct grpc_client client;
};

static inline int setup(void **state)
{
    struct trial *trial = calloc(1, sizeof *trial);
    if (!trial)
        return -1;
    scripted_start(&trial->server, "");
    client_open(&trial->client, trial->server.loop, scripted_port(&trial->server));
    *state = trial;
    return 0;
}

static inline int teardown(void **state)
{
    struct trial *trial = *state;
    client_close(&trial->client);
    scripted_stop(&trial->server);
    free(trial);
    return 0;
}
