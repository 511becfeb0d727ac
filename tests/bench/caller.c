/* SPDX-License-Identifier: MIT */
/*
 * caller PORT COUNT DEADLINE_MS PER_SECOND AT_ONCE <MESSAGE: makes calls of CreateApiGroup on one
 * connection to a port of loopback, with little CPU time. PER_SECOND above 0: at that rate,
 * whatever their results. Otherwise AT_ONCE callers make them, each the next one when it has its
 * status. Prints a line for each call: its status, when it began and how long it took, both in
 * microseconds.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/compiler.h"

#include "base/banned.h"

#define LONGEST_MESSAGE 4096
#define WINDOW (1 << 30)

struct call {
    int64_t began_ns, took_ns; /* took: 0 while it is under way */
    int status;                /* -1: there was none */
    size_t sent;               /* of the message */
};

static struct {
    size_t count, at_once, begun, ended;
    double per_second;
    char timeout[32];
    uint8_t message[LONGEST_MESSAGE];
    size_t message_size;
    struct call *calls;
    int64_t began_ns;
} load;

static void expect(bool good, const char *doing)
{
    if (good)
        return;
    perror(doing);
    exit(1);
}

static ssize_t on_read(nghttp2_session *session, int32_t stream, uint8_t *out, size_t size,
                       uint32_t *flags, nghttp2_data_source *source, void *context)
{
    (void)session, (void)stream, (void)context;
    struct call *call = source->ptr;
    size_t left = load.message_size - call->sent, taken = left < size ? left : size;
    memcpy(out, load.message + call->sent, taken);
    call->sent += taken;
    if (call->sent == load.message_size)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)taken;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_size, const uint8_t *value, size_t value_size, uint8_t flags,
                     void *context)
{
    (void)value_size, (void)flags, (void)context;
    struct call *call = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (call && name_size == 11 && memcmp(name, "grpc-status", 11) == 0)
        call->status = (int)strtol((const char *)value, NULL, 10);
    return 0;
}

static int on_close(nghttp2_session *session, int32_t stream, uint32_t error, void *context)
{
    (void)error, (void)context;
    struct call *call = nghttp2_session_get_stream_user_data(session, stream);
    call->took_ns = clock_now_ns() - call->began_ns;
    load.ended++;
    return 0;
}

static void begin_call(nghttp2_session *session)
{
#define FIELD(name, value)                                                                         \
    {                                                                                              \
        (uint8_t *)(uintptr_t)(name), (uint8_t *)(uintptr_t)(value), strlen(name), strlen(value),  \
            NGHTTP2_NV_FLAG_NONE                                                                   \
    }
    const nghttp2_nv fields[] = {
        FIELD(":method", "POST"),
        FIELD(":scheme", "http"),
        FIELD(":path", "/huaweicloud.apig.v2.ApiGroupService/CreateApiGroup"),
        FIELD(":authority", "localhost"),
        FIELD("te", "trailers"),
        FIELD("content-type", "application/grpc"),
        FIELD("grpc-timeout", load.timeout),
    };
    struct call *call = &load.calls[load.begun++];
    *call = (struct call){.began_ns = clock_now_ns(), .status = -1};
    nghttp2_data_provider message = {{.ptr = call}, on_read};
    int32_t stream =
        nghttp2_submit_request(session, NULL, fields, array_length(fields), &message, call);
    expect(stream > 0, "begin a call");
}

/* Returns how long nothing is due; below 0: until something comes. */
static int begin_due(nghttp2_session *session)
{
    if (load.per_second <= 0)
        while (load.begun < load.count && load.begun - load.ended < load.at_once)
            begin_call(session);
    double passed_s = (double)(clock_now_ns() - load.began_ns) / (double)CLOCK_NS_PER_S;
    while (load.per_second > 0 && load.begun < load.count &&
           (double)load.begun <= passed_s * load.per_second)
        begin_call(session);
    bool is_timed = load.per_second > 0 && load.begun < load.count;
    return is_timed ? (int)(1e3 * ((double)load.begun / load.per_second - passed_s)) + 1 : -1;
}

static nghttp2_session *open_session(void)
{
    nghttp2_session_callbacks *callbacks;
    nghttp2_session *session;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_session_client_new(&session, callbacks, NULL);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, NULL, 0);
    nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, WINDOW);
    return session;
}

static int connect_to(uint16_t port)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    expect(connect(fd, (struct sockaddr *)&to, sizeof to) == 0, "connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static void write_all(int fd, nghttp2_session *session)
{
    const uint8_t *data;
    ssize_t size;
    while ((size = nghttp2_session_mem_send(session, &data)) > 0)
        for (ssize_t sent = 0; sent < size;) {
            ssize_t taken = send(fd, data + sent, (size_t)(size - sent), MSG_NOSIGNAL);
            expect(taken > 0, "send");
            sent += taken;
        }
}

static void read_some(int fd, nghttp2_session *session)
{
    static uint8_t piece[1 << 16];
    ssize_t size = recv(fd, piece, sizeof piece, 0);
    expect(size > 0 && nghttp2_session_mem_recv(session, piece, (size_t)size) == size, "receive");
}

static void run(uint16_t port)
{
    nghttp2_session *session = open_session();
    struct pollfd connection = {.fd = connect_to(port), .events = POLLIN};
    load.began_ns = clock_now_ns();
    while (load.ended < load.count) {
        int wait_ms = begin_due(session);
        write_all(connection.fd, session);
        if (poll(&connection, 1, wait_ms) > 0)
            read_some(connection.fd, session);
    }
    nghttp2_session_del(session);
    close(connection.fd);
}

static void report(void)
{
    for (const struct call *call = load.calls; call < load.calls + load.count; call++)
        printf("%d %.0f %.0f\n", call->status, (double)(call->began_ns - load.began_ns) / 1e3,
               (double)call->took_ns / 1e3);
}

int main(int count, char **arguments)
{
    expect(count == 6, "usage: caller PORT COUNT DEADLINE_MS PER_SECOND AT_ONCE <MESSAGE");
    load.count = strtoul(arguments[2], NULL, 10);
    snprintf(load.timeout, sizeof load.timeout, "%lum", strtoul(arguments[3], NULL, 10));
    load.per_second = strtod(arguments[4], NULL);
    load.at_once = strtoul(arguments[5], NULL, 10);
    load.message_size = fread(load.message, 1, sizeof load.message, stdin);
    load.calls = calloc(load.count, sizeof *load.calls);
    expect(load.calls, "allocate");
    run((uint16_t)strtoul(arguments[1], NULL, 10));
    report();
    free(load.calls);
}
