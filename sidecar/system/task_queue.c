/* SPDX-License-Identifier: MIT */
#include "system/task_queue.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include "base/memory.h"

#include "base/banned.h"

static struct inbox_letter *oldest_first(struct inbox_letter *newest)
{
    struct inbox_letter *oldest = NULL;
    for (struct inbox_letter *next; newest; newest = next) {
        next = newest->next;
        newest->next = oldest;
        oldest = newest;
    }
    return oldest;
}

static void on_wake(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    struct inbox *inbox = context;
    eventfd_t count;
    (void)eventfd_read(fd, &count);
    struct inbox_letter *letter = oldest_first(atomic_exchange(&inbox->newest, NULL));
    for (struct inbox_letter *next; letter; letter = next) {
        next = letter->next;
        letter->run(letter);
    }
}

bool inbox_init(struct inbox *inbox, struct event_base *loop)
{
    atomic_init(&inbox->newest, NULL);
    inbox->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (inbox->wake_fd < 0)
        return false;
    inbox->wake =
        memory_expect(event_new(loop, inbox->wake_fd, EV_READ | EV_PERSIST, on_wake, inbox));
    event_add(inbox->wake, NULL);
    return true;
}

void inbox_clear(struct inbox *inbox)
{
    if (!inbox->wake)
        return;
    event_free(inbox->wake);
    close(inbox->wake_fd);
}

void inbox_post(struct inbox *inbox, struct inbox_letter *letter)
{
    struct inbox_letter *newest = atomic_load_explicit(&inbox->newest, memory_order_relaxed);
    do
        letter->next = newest;
    while (!atomic_compare_exchange_weak(&inbox->newest, &newest, letter));
    /* Whoever put the first letter in wakes the loop; it takes the others along. */
    if (!newest)
        (void)eventfd_write(inbox->wake_fd, 1);
}
