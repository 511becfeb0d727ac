/* SPDX-License-Identifier: MIT */
#include "server/preface_wait.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "server/preface.h"

#include "base/banned.h"

struct guest {
    LIST_ENTRY(guest) place;
    struct guests *guests;
    struct event *event;
    struct event *patience; /* an event's own timeout would begin anew with each byte */
    int fd;
};

struct guests {
    struct event_base *loop;
    struct timeval patience;
    void (*admitted)(int fd, void *context);
    void *context;
    LIST_HEAD(, guest) waiting;
};

struct guests *guests_new(struct event_base *loop, int64_t patience_ns,
                          void (*admitted)(int fd, void *context), void *context)
{
    struct guests *guests = memory_expect(calloc(1, sizeof *guests));
    *guests = (struct guests){
        .loop = loop,
        .patience = clock_timeval(patience_ns),
        .admitted = admitted,
        .context = context,
    };
    LIST_INIT(&guests->waiting);
    return guests;
}

/* The descriptor remains. */
static void forget(struct guest *guest)
{
    LIST_REMOVE(guest, place);
    event_free(guest->event);
    event_free(guest->patience);
    free(guest);
}

static void turn_away(struct guest *guest)
{
    int fd = guest->fd;
    forget(guest);
    close(fd);
}

static void admit(struct guest *guest)
{
    struct guests *guests = guest->guests;
    int fd = guest->fd;
    forget(guest);
    guests->admitted(fd, guests->context);
}

enum word { SILENCE, BEGUN, WHOLE, WRONG };

/* Only looks: the bytes are C-core's. */
static enum word look(int fd)
{
    char bytes[PREFACE_BYTES];
    ssize_t came = recv(fd, bytes, sizeof bytes, MSG_PEEK);
    if (came < 0 && (errno == EAGAIN || errno == EINTR))
        return SILENCE;
    if (came <= 0 || !preface_begins(bytes, (size_t)came))
        return WRONG;
    return came == PREFACE_BYTES ? WHOLE : BEGUN;
}

static void on_event(evutil_socket_t fd, short what, void *context)
{
    enum word word = look(fd);
    if (word == WHOLE)
        admit(context);
    else if (word == WRONG || (word == BEGUN && what & EV_CLOSED))
        turn_away(context);
}

static void on_impatient(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    turn_away(context);
}

void guests_add(struct guests *guests, int fd)
{
    struct guest *guest = memory_expect(calloc(1, sizeof *guest));
    guest->guests = guests;
    guest->fd = fd;
    /* By edge: bytes that were only looked at would wake us for ever. */
    guest->event = memory_expect(
        event_new(guests->loop, fd, EV_READ | EV_CLOSED | EV_ET | EV_PERSIST, on_event, guest));
    LIST_INSERT_HEAD(&guests->waiting, guest, place);
    guest->patience = memory_expect(evtimer_new(guests->loop, on_impatient, guest));
    event_add(guest->event, NULL);
    if (timerisset(&guests->patience))
        event_add(guest->patience, &guests->patience);
}

void guests_admit_ready(struct guests *guests)
{
    for (struct guest *guest = LIST_FIRST(&guests->waiting), *next; guest; guest = next) {
        next = LIST_NEXT(guest, place);
        if (look(guest->fd) == WHOLE)
            admit(guest);
    }
}

void guests_free(struct guests *guests)
{
    if (!guests)
        return;
    for (struct guest *guest = LIST_FIRST(&guests->waiting), *next; guest; guest = next) {
        next = LIST_NEXT(guest, place);
        turn_away(guest);
    }
    free(guests);
}
