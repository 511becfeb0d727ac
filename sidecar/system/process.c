/* SPDX-License-Identifier: MIT */
#include "system/process.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/banned.h"

/* The longest name of a variable that C-core has is half of this. */
#define NAME_BYTES 128

void process_fill_descriptors(void)
{
    /* System calls, because a sanitizer's fcntl and open need its initialization. */
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (syscall(SYS_fcntl, fd, F_GETFD) < 0)
            syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY); /* takes the lowest free number */
}

/* Removes one variable of that prefix; false when there is none. */
static bool drop_variable(const char *prefix)
{
    for (char **variable = environ; *variable; variable++) {
        char name[NAME_BYTES];
        size_t size = strcspn(*variable, "=");
        if (strncmp(*variable, prefix, strlen(prefix)) != 0 || size >= sizeof name)
            continue;
        memcpy(name, *variable, size);
        name[size] = '\0';
        return unsetenv(name) == 0;
    }
    return false;
}

void process_drop_core_variables(void)
{
    while (environ && drop_variable("GRPC_"))
        ;
}

void process_keep_secrets(void)
{
    /* libcurl writes the keys of each connection into the file that this names. */
    unsetenv("SSLKEYLOGFILE");
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
