/* SPDX-License-Identifier: MIT */
/* The channel of the command `call`. One thread, between grpc_init and grpc_shutdown. */
#pragma once

#include <grpc/grpc.h>

#include "client/call_options.h"

/*
 * Makes a channel to the target, with TLS when the options ask for it; nothing is sent yet. With
 * TLS the name that is verified is `server_name`, or else the host of the target. Files are read
 * into the arena. The caller destroys the channel. FAILED_PRECONDITION, naming a file that cannot
 * be used; RESOURCE_EXHAUSTED when the arena is full.
 */
must_use bool call_channel_open(const struct call_options *given, struct arena *arena,
                                grpc_channel **channel, struct status *status);
