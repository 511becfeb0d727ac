/* SPDX-License-Identifier: MIT */
/* epoll_wait that fails on the main thread. It is preloaded into the program, because nothing from
 * outside makes the kernel's fail. */
#include <errno.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <unistd.h>

int epoll_wait(int fd, struct epoll_event *events, int most, int timeout)
{
    if (gettid() != getpid())
        return epoll_pwait(fd, events, most, timeout, NULL);
    errno = EBADF;
    return -1;
}
