/* SPDX-License-Identifier: MIT */
/* Listeners and their clients in one process. Include cmocka.h first. */
#pragma once

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/memory.h"
#include "loop.h"
#include "server/front.h"
#include "server/listener.h"
#include "system/address.h"

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

#define MOST_ACCEPTED 16

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

struct trial {
    char folder[32], path[64];
    struct event_base *loop;
    struct config config;
    struct memory_budget budget;
    struct front *front;
    struct listeners *listeners;
    int accepted[MOST_ACCEPTED]; /* C-core's ends */
    atomic_size_t accepted_count;
    unsigned refusals;
    atomic_uint disconnections;
    char disconnected[PEER_BYTES]; /* the peer of the last one */
    struct rlimit descriptors;
    char why[128];
};

static inline void on_accepted(int fd, void *context)
{
    struct trial *trial = context;
    assert_true(trial->accepted_count < MOST_ACCEPTED);
    trial->accepted[trial->accepted_count] = fd;
    trial->accepted_count++;
}

static inline void on_refused(const char *why, void *context)
{
    struct trial *trial = context;
    trial->refusals++;
    snprintf(trial->why, sizeof trial->why, "%s", why);
}

static inline void on_disconnected(const char *peer, const char *why, void *context)
{
    struct trial *trial = context;
    (void)why;
    snprintf(trial->disconnected, sizeof trial->disconnected, "%s", peer);
    trial->disconnections++;
}

static inline void on_drained(void *context)
{
    (void)context;
}

static inline int setup(void **state)
{
    struct trial *trial = calloc(1, sizeof *trial);
    if (!trial)
        return -1;
    snprintf(trial->folder, sizeof trial->folder, "/tmp/listener.XXXXXX");
    if (!mkdtemp(trial->folder))
        return -1;
    snprintf(trial->path, sizeof trial->path, "%s/socket", trial->folder);
    getrlimit(RLIMIT_NOFILE, &trial->descriptors);
    trial->loop = event_base_new();
    trial->config = (struct config){
        .max_connections = 100,
        .max_connections_per_peer = 100,
        .max_streams = 100,
        .max_streams_per_peer = 100,
        .deadline_ns = 60 * CLOCK_NS_PER_S,
        .max_deadline_ns = 60 * CLOCK_NS_PER_S,
        .handshake_timeout_ns = 60 * CLOCK_NS_PER_S,
    };
    memory_budget_init(&trial->budget, 64 << 20, 0);
    *state = trial;
    return 0;
}

static inline int teardown(void **state)
{
    struct trial *trial = *state;
    setrlimit(RLIMIT_NOFILE, &trial->descriptors);
    listeners_free(trial->listeners);
    front_free(trial->front);
    event_base_free(trial->loop);
    for (size_t i = 0; i < trial->accepted_count; i++)
        close(trial->accepted[i]);
    unlink(trial->path);
    rmdir(trial->folder);
    free(trial);
    return 0;
}

static inline void listen_tcp(struct trial *trial, const char *host, uint16_t port)
{
    trial->config.listen[trial->config.listen_count++] =
        (struct address){.host = host, .port = port};
}

static inline void listen_unix(struct trial *trial)
{
    trial->config.listen[trial->config.listen_count++] = (struct address){.unix_path = trial->path};
}

static inline bool try_open(struct trial *trial, struct status *status)
{
    const struct front_events of_front = {.opened = on_accepted,
                                          .refused = on_refused,
                                          .disconnected = on_disconnected,
                                          .drained = on_drained,
                                          .context = trial,
                                          .budget = &trial->budget};
    const struct listener_events events = {.refused = on_refused, .context = trial};
    return front_open(&trial->config, &of_front, &trial->front, status) &&
           listeners_open(&trial->config, trial->front, trial->loop, &events, &trial->listeners,
                          status);
}

static inline void open_listeners(struct trial *trial)
{
    struct status status;
    if (!try_open(trial, &status))
        fail_msg("%s", status.message);
}

static inline void expect_not_opened(struct trial *trial, const char *named)
{
    struct status status;
    assert_false(try_open(trial, &status));
    assert_int_equal(status.code, STATUS_FAILED_PRECONDITION);
    if (!strstr(status.message, named))
        fail_msg("%s", status.message);
    assert_null(trial->listeners);
}

static inline uint16_t port_of(const struct trial *trial, size_t index)
{
    return (uint16_t)strtoul(strrchr(listeners_address(trial->listeners, index), ':') + 1, NULL,
                             10);
}

static inline int connect_to(const struct sockaddr *address, socklen_t bytes)
{
    int fd = socket(address_family(address), SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, address, bytes), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

static inline int connect_tcp(const struct trial *trial, size_t index)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(port_of(trial, index)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return connect_to((struct sockaddr *)&to, sizeof to);
}

static inline struct sockaddr_un unix_address(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    return address;
}

static inline int connect_unix(const struct trial *trial)
{
    struct sockaddr_un to = unix_address(trial->path);
    return connect_to((struct sockaddr *)&to, sizeof to);
}

/* Makes a socket file, as a process does that listens or has ended. */
static inline int bind_path(const char *path, bool listens)
{
    struct sockaddr_un at = unix_address(path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    if (listens)
        assert_int_equal(listen(fd, 1), 0);
    return fd;
}

static inline void send_preface(int client)
{
    assert_int_equal(send(client, preface, strlen(preface), MSG_NOSIGNAL), strlen(preface));
}

static inline bool is_closed(int fd)
{
    char byte;
    ssize_t got = recv(fd, &byte, 1, MSG_PEEK);
    return got == 0 || (got < 0 && errno == ECONNRESET);
}

static inline void expect_accepted(struct trial *trial, int client)
{
    size_t before = trial->accepted_count;
    send_preface(client);
    loop_until(trial->loop, trial->accepted_count > before || is_closed(client));
    assert_int_equal(trial->accepted_count, before + 1);
}

static inline void expect_refused(struct trial *trial, int client, const char *why)
{
    size_t before = trial->accepted_count;
    loop_until(trial->loop, is_closed(client));
    assert_int_equal(trial->accepted_count, before);
    if (!strstr(trial->why, why))
        fail_msg("%s", trial->why);
    close(client);
}
