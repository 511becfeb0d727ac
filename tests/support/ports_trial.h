/* SPDX-License-Identifier: MIT */
/* The two HTTP ports in one process with their client. Include cmocka.h first. */
#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "admin/admin.h"
#include "admin/monitor.h"
#include "loop.h"

#define LARGE_BYTES (900 * 1024)

/* The monitor and the admin port, and the sources of their pages. */
struct trial {
    struct event_base *loop;
    struct monitor *monitor;
    struct admin *admin;
    bool live, ready, large;
    unsigned drains;
};

static inline bool is_live(void *context, struct buffer *out)
{
    const struct trial *trial = context;
    buffer_add_text(out, trial->live ? text_literal("loop runs") : text_literal("loop is stuck"));
    return trial->live;
}

static inline bool is_ready(void *context, struct buffer *out)
{
    const struct trial *trial = context;
    buffer_add_text(out, trial->ready ? text_literal("serving") : text_literal("draining"));
    return trial->ready;
}

static inline bool is_fine(void *context, struct buffer *out)
{
    (void)context;
    buffer_add_literal(out, "rain today");
    return false;
}

static const struct monitor_check checks[] = {
    {MONITOR_LIVE | MONITOR_STARTED, 0, is_live},
    {MONITOR_READY | MONITOR_STARTED, 0, is_ready},
    {0, MONITOR_READY, is_fine},
};

static inline void write_page(enum metric_format format, struct buffer *out, void *context)
{
    (void)context;
    buffer_add_text(out, format == METRIC_TEXT ? text_literal("text") : text_literal("open"));
}

static inline void drain(void *context)
{
    struct trial *trial = context;
    trial->drains++;
}

static inline void write_config(struct buffer *out, void *context)
{
    const struct trial *trial = context;
    buffer_add_literal(out, "--listen 127.0.0.1:0 flag\n");
    for (size_t i = 0; trial->large && i < LARGE_BYTES; i++)
        buffer_add_char(out, 'x');
}

static const struct address any_port = {.host = "127.0.0.1"};

static inline void begin_at(struct trial *trial, const struct address *address)
{
    struct status status;
    *trial = (struct trial){.loop = event_base_new(), .live = true, .ready = true};
    struct monitor_sources sources = {checks, array_length(checks), write_page, trial};
    struct admin_actions actions = {drain, write_config, trial};
    assert_true(monitor_open(address, trial->loop, &sources, &trial->monitor, &status));
    assert_true(admin_open(&any_port, trial->loop, &actions, &trial->admin, &status));
}

static inline void begin(struct trial *trial)
{
    begin_at(trial, &any_port);
}

static inline void end(struct trial *trial)
{
    monitor_free(trial->monitor);
    admin_free(trial->admin);
    event_base_free(trial->loop);
}

static inline int connect_to(const char *address)
{
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    struct sockaddr_in remote = {.sin_family = AF_INET};
    bool is_local = strncmp(address, "unix:", 5) == 0;
    if (is_local) {
        snprintf(local.sun_path, sizeof local.sun_path, "%s", address + 5);
    } else {
        const char *colon = strrchr(address, ':');
        assert_memory_equal(address, "127.0.0.1:", 10);
        remote.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
        remote.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    }
    int fd = socket(is_local ? AF_UNIX : AF_INET, SOCK_STREAM, 0);
    int failed = is_local ? connect(fd, (struct sockaddr *)&local, sizeof local)
                          : connect(fd, (struct sockaddr *)&remote, sizeof remote);
    assert_int_equal(failed, 0);
    return fd;
}

static inline void send_all(int fd, struct text bytes)
{
    assert_int_equal(send(fd, bytes.data, bytes.size, 0), (ssize_t)bytes.size);
}

/* Runs the loop until the peer closes, closes `fd`, and returns what the peer sent, terminated. */
static inline char *receive(struct trial *trial, int fd)
{
    static char response[LARGE_BYTES + 65536];
    int64_t late_ns = clock_now_ns() + LOOP_PATIENCE_NS;
    size_t have = 0;
    for (;;) {
        struct pollfd readable = {.fd = fd, .events = POLLIN};
        assert_true(clock_now_ns() < late_ns);
        event_base_loop(trial->loop, EVLOOP_NONBLOCK);
        if (poll(&readable, 1, 5) == 0)
            continue;
        ssize_t got = recv(fd, response + have, sizeof response - have - 1, MSG_DONTWAIT);
        if (got <= 0)
            break;
        have += (size_t)got;
    }
    close(fd);
    response[have] = '\0';
    return response;
}

static inline char *exchange(struct trial *trial, const char *address, const char *request)
{
    int fd = connect_to(address);
    send_all(fd, text_of(request));
    return receive(trial, fd);
}

static inline char *ask_monitor(struct trial *trial, const char *method, const char *target)
{
    char request[256];
    snprintf(request, sizeof request, "%s %s HTTP/1.1\r\nHost: probe\r\n\r\n", method, target);
    return exchange(trial, monitor_address(trial->monitor), request);
}

static inline void assert_response(const char *response, const char *status, const char *body)
{
    const char *head_end = strstr(response, "\r\n\r\n");
    assert_non_null(head_end);
    assert_memory_equal(response, status, strlen(status));
    assert_string_equal(head_end + 4, body);
}
