/* SPDX-License-Identifier: MIT */
/* Does a port serve its table of pages, and can no peer keep others from it? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "admin/http_port.h"
#include "loop.h"

#include "base/banned.h"

#define CONNECTIONS 64
#define HEAD_NS (2 * CLOCK_NS_PER_S)
#define REST_NS (5 * CLOCK_NS_PER_S)
#define LARGE_BYTES (3 << 20)

struct trial {
    struct event_base *loop;
    struct http_port *port;
    char response[LARGE_BYTES + 4096];
};

static unsigned get_page(void *context, const struct http_head *head, struct http_reply *reply)
{
    (void)head;
    assert_non_null(((struct trial *)context)->loop);
    reply->content_type = "text/test";
    buffer_add_literal(&reply->body, "the page");
    return 200;
}

static unsigned put_page(void *context, const struct http_head *head, struct http_reply *reply)
{
    (void)context;
    buffer_add_text(&reply->body, head->query);
    buffer_add_char(&reply->body, ' ');
    buffer_add_text(&reply->body, head->body);
    return 202;
}

static unsigned add_letters(struct http_reply *reply, size_t size)
{
    static char letters[1 << 20];
    memset(letters, 'x', sizeof letters);
    for (; size > sizeof letters; size -= sizeof letters)
        buffer_add_text(&reply->body, (struct text){letters, sizeof letters});
    buffer_add_text(&reply->body, (struct text){letters, size});
    return 200;
}

static unsigned get_large(void *context, const struct http_head *head, struct http_reply *reply)
{
    (void)context, (void)head;
    return add_letters(reply, LARGE_BYTES);
}

static unsigned get_too_large(void *context, const struct http_head *head, struct http_reply *reply)
{
    (void)context, (void)head;
    return add_letters(reply, 2 * LARGE_BYTES);
}

static const struct http_page pages[] = {
    {"GET", "/page", NULL, get_page},
    {"PUT", "/page", NULL, put_page},
    {"GET", "/large", NULL, get_large},
    {"GET", "/too-large", NULL, get_too_large},
};

static const struct address any_port = {.host = "127.0.0.1"};

static bool open_at(struct trial *trial, const struct address *address, struct http_port **port,
                    struct status *status)
{
    const struct http_port_settings settings = {.option = "test",
                                                .address = address,
                                                .pages = pages,
                                                .page_count = array_length(pages),
                                                .context = trial};
    return http_port_open(&settings, trial->loop, port, status);
}

static int setup(void **state)
{
    struct trial *trial = calloc(1, sizeof *trial);
    struct status status;
    if (!trial)
        return -1;
    trial->loop = event_base_new();
    *state = trial;
    return open_at(trial, &any_port, &trial->port, &status) ? 0 : -1;
}

static int teardown(void **state)
{
    struct trial *trial = *state;
    http_port_free(trial->port);
    event_base_free(trial->loop);
    free(trial);
    return 0;
}

static uint16_t port_number(const struct trial *trial)
{
    return (uint16_t)strtoul(strrchr(http_port_address(trial->port), ':') + 1, NULL, 10);
}

static int connect_peer(const struct trial *trial)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(port_number(trial)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), small = 4096;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static int connect_and_send(const struct trial *trial, const char *request)
{
    int fd = connect_peer(trial);
    size_t size = strlen(request);
    assert_int_equal(send(fd, request, size, MSG_NOSIGNAL), size);
    return fd;
}

/* Runs the loop until the port closes; the response, terminated, "" for none. Closes `fd`; `how` is
 * 0 for the end of the stream, or an error. */
static const char *receive(struct trial *trial, int fd, int *how)
{
    size_t have = 0;
    ssize_t got = -1;
    *how = EAGAIN;
    for (int64_t end_ns = clock_now_ns() + LOOP_PATIENCE_NS; *how == EAGAIN;) {
        assert_true(clock_now_ns() < end_ns);
        event_base_loop(trial->loop, EVLOOP_NONBLOCK);
        poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 2);
        got = recv(fd, trial->response + have, sizeof trial->response - have - 1, MSG_DONTWAIT);
        *how = got > 0 ? EAGAIN : got == 0 ? 0 : errno;
        have += got > 0 ? (size_t)got : 0;
    }
    close(fd);
    trial->response[have] = '\0';
    return trial->response;
}

static const char *ask(struct trial *trial, const char *request)
{
    int how;
    return receive(trial, connect_and_send(trial, request), &how);
}

#define GET_PAGE "GET /page HTTP/1.1\r\n\r\n"

static void assert_begins(const char *response, const char *beginning)
{
    if (strncmp(response, beginning, strlen(beginning)) != 0)
        fail_msg("\"%.80s\" does not begin with %s", response, beginning);
}

static void assert_serves(struct trial *trial)
{
    assert_begins(ask(trial, GET_PAGE), "HTTP/1.1 200 OK\r\n");
}

static void a_page_is_found_by_path_and_method(void **state)
{
    const char *got = ask(*state, GET_PAGE);
    assert_begins(got, "HTTP/1.1 200 OK\r\n");
    assert_non_null(strstr(got, "\r\nContent-Type: text/test\r\n"));
    assert_non_null(strstr(got, "\r\nContent-Length: 8\r\n"));
    assert_non_null(strstr(got, "\r\n\r\nthe page"));
    const char *put =
        ask(*state, "PUT /page?query HTTP/1.1\r\nContent-Length: 4\r\n\r\nbodyand more");
    assert_begins(put, "HTTP/1.1 202 Accepted\r\n");
    assert_non_null(strstr(put, "\r\nContent-Type: text/plain; charset=utf-8\r\n"));
    assert_string_equal(strstr(put, "\r\n\r\n"), "\r\n\r\nquery body");
}

static void a_page_that_does_not_fit_its_memory_is_an_error(void **state)
{
    assert_begins(ask(*state, "GET /too-large HTTP/1.1\r\n\r\n"),
                  "HTTP/1.1 500 Internal Server Error\r\n");
    assert_serves(*state);
}

/* The peer would lose the response by a reset, which is what closing on unread bytes causes. */
static void bytes_after_the_request_do_not_cost_the_response(void **state)
{
    struct trial *trial = *state;
    char requests[32768];
    int how;
    memset(requests, 'x', sizeof requests);
    memcpy(requests, GET_PAGE GET_PAGE, sizeof GET_PAGE GET_PAGE - 1);
    requests[sizeof requests - 1] = '\0';
    const char *got = receive(trial, connect_and_send(trial, requests), &how);
    assert_int_equal(how, 0);
    assert_begins(got, "HTTP/1.1 200 ");
    assert_string_equal(strstr(got, "\r\n\r\n"), "\r\n\r\nthe page");
}

/* Each way in which a connection can end, more often than there are places. */
static void a_connection_gives_its_place_back_however_it_ends(void **state)
{
    static const struct linger reset = {.l_onoff = 1};
    struct trial *trial = *state;
    for (int i = 0; i < CONNECTIONS + 1; i++) {
        assert_serves(trial);
        assert_begins(ask(trial, "nonsense\r\n\r\n"), "HTTP/1.1 400 ");
        close(connect_peer(trial));
        close(connect_and_send(trial, "GET /page HT"));
        int fd = connect_and_send(trial, GET_PAGE);
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close(fd);
        event_base_loop(trial->loop, EVLOOP_NONBLOCK);
    }
    assert_serves(trial);
}

static bool has_ended(int fd)
{
    char bytes[4096];
    ssize_t got = recv(fd, bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno != EAGAIN);
}

/* Takes what has been sent, which stands before the end. */
static bool is_cut_off(int fd)
{
    static char bytes[1 << 20];
    while (recv(fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
        ;
    return has_ended(fd);
}

/* Peers that send nothing, an unfinished head or body, or do not take the response. */
static void peers_that_hold_on_are_cut_off(void **state)
{
    static const struct {
        const char *request;
        int64_t after_ns;
    } rows[] = {{"", HEAD_NS},
                {"GET /page HT", HEAD_NS},
                {"PUT /page HTTP/1.1\r\nContent-Length: 9\r\n\r\nbody", REST_NS},
                {"GET /large HTTP/1.1\r\n\r\n", REST_NS}};
    struct trial *trial = *state;
    int fds[array_length(rows)];
    int64_t began_ns = clock_now_ns();
    for (size_t i = 0; i < array_length(rows); i++)
        fds[i] = connect_and_send(trial, rows[i].request);
    for (size_t i = 0; i < array_length(rows); i++) {
        loop_until(trial->loop, is_cut_off(fds[i]));
        assert_true(clock_now_ns() - began_ns >= rows[i].after_ns - CLOCK_NS_PER_S / 10);
        close(fds[i]);
    }
    assert_serves(trial);
}

/* Peers that do not take a response keep nobody out either. */
static void responses_that_nobody_takes_give_their_places_too(void **state)
{
    struct trial *trial = *state;
    int fds[CONNECTIONS], how;
    for (size_t i = 0; i < CONNECTIONS; i++) {
        fds[i] = connect_and_send(trial, "GET /large HTTP/1.1\r\n\r\n");
        event_base_loop(trial->loop, EVLOOP_NONBLOCK);
    }
    assert_serves(trial);
    assert_true(strlen(receive(trial, fds[0], &how)) < LARGE_BYTES);
    for (size_t i = 1; i < CONNECTIONS; i++)
        close(fds[i]);
}

static void a_port_without_descriptors_serves_again_when_there_are_some(void **state)
{
    struct trial *trial = *state;
    struct rlimit usual, none;
    int how;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
    int fd = connect_and_send(trial, GET_PAGE);
    none = usual;
    none.rlim_cur = (rlim_t)fd + 1; /* the lowest free descriptor would be the next one */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    event_base_loop(trial->loop, EVLOOP_NONBLOCK);
    assert_false(has_ended(fd));
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
    assert_begins(receive(trial, fd, &how), "HTTP/1.1 200 ");
}

/* The loop, in which a deadline could end it later, runs only once. */
static bool ends(const struct trial *trial, int fd)
{
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    event_base_loop(trial->loop, EVLOOP_NONBLOCK);
    return poll(&readable, 1, (int)(LOOP_PATIENCE_NS / CLOCK_NS_PER_MS)) == 1 && has_ended(fd);
}

static void open_connections_are_closed_with_their_port(void **state)
{
    struct trial *trial = *state;
    int silent = connect_peer(trial), speaking = connect_and_send(trial, "GET /page HT");
    event_base_loop(trial->loop, EVLOOP_NONBLOCK);
    assert_false(has_ended(silent));
    http_port_free(trial->port);
    trial->port = NULL;
    assert_true(ends(trial, silent));
    assert_true(ends(trial, speaking));
    close(silent);
    close(speaking);
}

static void an_address_in_use_is_refused_by_its_options_name(void **state)
{
    struct trial *trial = *state;
    struct address taken = {.host = "127.0.0.1", .port = port_number(trial)};
    struct http_port *second = NULL;
    struct status status = {0};
    assert_false(open_at(trial, &taken, &second, &status));
    assert_null(second);
    assert_int_equal(status.code, STATUS_FAILED_PRECONDITION);
    assert_begins(status.message, "--test: ");
    assert_serves(trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        test(a_page_is_found_by_path_and_method),
        test(a_page_that_does_not_fit_its_memory_is_an_error),
        test(bytes_after_the_request_do_not_cost_the_response),
        test(a_connection_gives_its_place_back_however_it_ends),
        test(peers_that_hold_on_are_cut_off),
        test(responses_that_nobody_takes_give_their_places_too),
        test(a_port_without_descriptors_serves_again_when_there_are_some),
        test(open_connections_are_closed_with_their_port),
        test(an_address_in_use_is_refused_by_its_options_name),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
