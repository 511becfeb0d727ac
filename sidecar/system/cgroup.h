/* SPDX-License-Identifier: MIT */
/*
 * The memory limit of the process's control groups (cgroups(7)): memory.max of version 2,
 * memory.limit_in_bytes of version 1. A group is limited by those around it too, so that the
 * smallest limit on the way up counts. In a container whose own group is mounted as the root, the
 * path that the kernel names does not exist, and the root's limit is the container's. Any thread.
 */
#pragma once

#include <stdint.h>

#define CGROUP_MEMBERSHIP "/proc/self/cgroup"
#define CGROUP_ROOT "/sys/fs/cgroup"

/* Reads the groups of a process from `membership` and their limit below `root`, in bytes; 0 when
 * there is none or it cannot be read. */
uint64_t cgroup_memory_limit(const char *membership, const char *root);
