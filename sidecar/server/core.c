/* SPDX-License-Identifier: MIT */
#include "server/core.h"

#include <limits.h>

#include "system/cgroup.h"
#include "system/usage.h"

#include "base/banned.h"

/* Far above --max-metadata: C-core closes a whole connection, with all its calls, when one call
 * exceeds C-core's own limit. */
#define CORE_METADATA_BYTES 65536

/* The budget in percent above which C-core itself begins to end calls and connections. The front
 * keeps the budget, so that this is never reached; it stands for what the accounting might miss. */
#define CORE_QUOTA_PERCENT 150

void core_budget_init(struct memory_budget *budget, const struct config *config)
{
    struct usage usage;
    usage_read(&usage);
    uint64_t whole = config->max_memory_bytes;
    if (whole == 0)
        whole = memory_budget_default(cgroup_memory_limit(CGROUP_MEMBERSHIP, CGROUP_ROOT));
    memory_budget_init(budget, whole, (uint64_t)usage.resident_bytes);
}

static int at_most_int(uint64_t number)
{
    return number > INT_MAX ? INT_MAX : (int)number;
}

static grpc_resource_quota *quota_new(const struct memory_budget *budget)
{
    grpc_resource_quota *quota = grpc_resource_quota_create("callers");
    grpc_resource_quota_resize(quota, budget->limit / 100 * CORE_QUOTA_PERCENT);
    return quota;
}

static grpc_arg quota_argument(grpc_resource_quota *quota)
{
    return (grpc_arg){.type = GRPC_ARG_POINTER,
                      .key = (char *)(uintptr_t)GRPC_ARG_RESOURCE_QUOTA,
                      .value.pointer = {quota, grpc_resource_quota_arg_vtable()}};
}

grpc_server *core_server_new(const struct config *config, const struct memory_budget *budget)
{
    const struct {
        const char *name;
        int value;
    } numbers[] = {
        {GRPC_ARG_ENABLE_CHANNELZ, 0},
        /* We inflate messages ourselves, because C-core does it without a bound. */
        {GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0},
        {GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, at_most_int(config->max_message_bytes)},
        {GRPC_ARG_MAX_METADATA_SIZE, CORE_METADATA_BYTES},
        /* The front keeps the limits of streams, of idleness and of age. */
        {GRPC_ARG_MAX_CONCURRENT_STREAMS, INT_MAX},
        {GRPC_ARG_MAX_CONNECTION_IDLE_MS, INT_MAX},
        {GRPC_ARG_MAX_CONNECTION_AGE_MS, INT_MAX},
        /* TCP keepalive detects dead peers. Frequent pings of a client do not end its
           connection. */
        {GRPC_ARG_KEEPALIVE_TIME_MS, INT_MAX},
        {GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0},
    };
    grpc_arg list[array_length(numbers) + 1];
    for (size_t i = 0; i < array_length(numbers); i++)
        list[i] = (grpc_arg){.type = GRPC_ARG_INTEGER,
                             .key = (char *)(uintptr_t)numbers[i].name,
                             .value.integer = numbers[i].value};
    grpc_resource_quota *quota = quota_new(budget);
    list[array_length(numbers)] = quota_argument(quota);
    grpc_server *made = grpc_server_create(&(grpc_channel_args){array_length(list), list}, NULL);
    grpc_resource_quota_unref(quota);
    return made;
}
