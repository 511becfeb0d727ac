/* SPDX-License-Identifier: MIT */
/* guard_relay PORT: prints a port of loopback and passes each connection to it through a guard to
 * PORT, so that a test can compare what a server gets with and without the guard. */
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "http2/guard.h"

#include "base/banned.h"

#define LONGEST_MESSAGE (4 << 20)
#define TICK_MS 100

static const struct guard_settings settings = {
    .max_streams = 100,
    .fields = {.list_size = 16384, .list_count = 100},
    .max_message = LONGEST_MESSAGE,
    .message_timeout_ns = 60 * CLOCK_NS_PER_S,
    .idle_frames = {.per_second = 1000, .per_stream = 10},
};
static const struct guard_hooks hooks = {.context = NULL};

static void expect(bool good, const char *doing)
{
    if (good)
        return;
    perror(doing);
    exit(1);
}

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int connect_to(uint16_t port)
{
    struct sockaddr_in to = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    expect(connect(fd, (struct sockaddr *)&to, sizeof to) == 0, "connect");
    return fd;
}

static int listen_somewhere(void)
{
    struct sockaddr_in at = loopback(0);
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    expect(bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, SOMAXCONN) == 0 &&
               getsockname(fd, (struct sockaddr *)&at, &size) == 0,
           "listen");
    printf("%u\n", ntohs(at.sin_port));
    fflush(stdout);
    return fd;
}

static void write_all(int fd, struct output *output)
{
    size_t sent = 0;
    while (sent < output->size) {
        ssize_t taken = send(fd, output->data + sent, output->size - sent, MSG_NOSIGNAL);
        if (taken < 0)
            exit(0); /* the peer has gone */
        sent += (size_t)taken;
    }
    output->size = 0;
}

typedef void feed_function(struct guard *guard, const uint8_t *data, size_t size, int64_t now_ns,
                           struct guard_outputs *outputs);

/* Feeds the guard what is there; ends the process at the end of the connection. */
static void pass(const struct pollfd *from, feed_function *feed, struct guard *guard,
                 struct guard_outputs *outputs)
{
    static uint8_t piece[65536];
    if (!from->revents)
        return;
    ssize_t got = recv(from->fd, piece, sizeof piece, 0);
    if (got <= 0)
        exit(0);
    feed(guard, piece, (size_t)got, clock_now_ns(), outputs);
}

static void serve(int caller, int core)
{
    struct guard_outputs outputs = {0};
    struct guard *guard = guard_new(&settings, &hooks, clock_now_ns());
    struct pollfd sides[] = {{.fd = caller, .events = POLLIN}, {.fd = core, .events = POLLIN}};
    while (guard_state(guard) != GUARD_FINISHED) {
        poll(sides, array_length(sides), TICK_MS);
        pass(&sides[0], guard_from_caller, guard, &outputs);
        pass(&sides[1], guard_from_core, guard, &outputs);
        guard_tick(guard, clock_now_ns(), &outputs);
        write_all(core, &outputs.to_core);
        write_all(caller, &outputs.to_caller);
    }
    exit(0);
}

int main(int count, char **arguments)
{
    expect(count == 2, "usage: guard_relay PORT");
    uint16_t port = (uint16_t)strtoul(arguments[1], NULL, 10);
    signal(SIGCHLD, SIG_IGN);
    for (int listener = listen_somewhere();;) {
        int caller = accept(listener, NULL, NULL);
        expect(caller >= 0, "accept");
        if (fork() == 0)
            serve(caller, connect_to(port));
        close(caller);
    }
}
