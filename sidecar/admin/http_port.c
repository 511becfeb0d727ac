/* SPDX-License-Identifier: MIT */
#include "admin/http_port.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "system/address.h"

#include "base/banned.h"

#define HEAD_BYTES 8192
#define BODY_BYTES 1024
#define CONNECTIONS 64

/* Memory for the body of a page, far more than any page has. */
#define PAGE_MEMORY (4U << 20)

/* For the head, and then for body, response and close, so that a peer cannot hold a connection by
 * being slow. */
static const struct timeval head_time = {.tv_sec = 2}, rest_time = {.tv_sec = 5};

/* Pause of the listener after the kernel has refused to accept. */
static const struct timeval accept_pause = {.tv_usec = 100000};

struct client_connection {
    TAILQ_ENTRY(client_connection) link;
    struct http_port *port;
    struct bufferevent *events;
    struct event *deadline;
    bool has_head;
    bool is_answered; /* the response has been written */
    bool is_ended;    /* the peer sends no more */
};

struct http_port {
    struct http_port_settings settings;
    struct address_listener socket;
    struct evconnlistener *listener;
    struct event *resume;
    TAILQ_HEAD(, client_connection) connections; /* the oldest first */
    size_t connection_count;
};

static const struct {
    unsigned status;
    const char *reason;
} reasons[] = {{200, "OK"},
               {202, "Accepted"},
               {400, "Bad Request"},
               {403, "Forbidden"},
               {404, "Not Found"},
               {405, "Method Not Allowed"},
               {411, "Length Required"},
               {413, "Content Too Large"},
               {431, "Request Header Fields Too Large"},
               {500, "Internal Server Error"},
               {503, "Service Unavailable"},
               {505, "HTTP Version Not Supported"}};

static const char *reason_of(unsigned status)
{
    for (size_t i = 0; i < array_length(reasons); i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Unknown";
}

static void connection_free(struct client_connection *connection)
{
    TAILQ_REMOVE(&connection->port->connections, connection, link);
    connection->port->connection_count--;
    event_free(connection->deadline);
    bufferevent_free(connection->events);
    free(connection);
}

static const char plain_text[] = "text/plain; charset=utf-8";

/* Writes the response to a request, whose `head` is NULL when it could not be read. */
static void respond(struct client_connection *connection, unsigned status,
                    const struct http_head *head, const struct http_reply *reply, const char *allow)
{
    struct text body = buffer_text(&reply->body);
    struct evbuffer *out = bufferevent_get_output(connection->events);
    connection->is_answered = true;
    evbuffer_add_printf(out, "HTTP/1.1 %u %s\r\n", status, reason_of(status));
    if (allow)
        evbuffer_add_printf(out, "Allow: %s\r\n", allow);
    evbuffer_add_printf(out,
                        "Content-Type: %s\r\nContent-Length: %zu\r\n"
                        "Cache-Control: no-store\r\nConnection: close\r\n\r\n",
                        reply->content_type, body.size);
    if (!head || !text_equal(head->method, text_literal("HEAD")))
        evbuffer_add(out, body.data, body.size);
}

/* Rejects a request with one line of text. */
static void reject_with(struct client_connection *connection, unsigned status,
                        const struct http_head *head, const char *allow, struct text why)
{
    const struct http_reply reply = {
        .content_type = plain_text, .body = {.at = (char *)(uintptr_t)why.data, .bytes = why.size}};
    respond(connection, status, head, &reply, allow);
}

static void reject(struct client_connection *connection, unsigned status)
{
    reject_with(connection, status, NULL, NULL, text_literal("malformed request\n"));
}

static void respond_page(struct client_connection *connection, const struct http_head *head,
                         const struct http_page *page)
{
    struct arena arena;
    struct http_reply reply = {.content_type = plain_text};
    arena_init(&arena, PAGE_MEMORY);
    buffer_init(&reply.body, &arena, 0);
    unsigned status = page->respond(connection->port->settings.context, head, &reply);
    respond(connection, reply.body.full ? 500 : status, head, &reply, NULL);
    arena_clear(&arena);
}

static bool is_method_of(const struct http_page *page, struct text method)
{
    bool head = text_equal(method, text_literal("HEAD"));
    return text_equal(text_of(page->method), head ? text_literal("GET") : method);
}

static void find_page(struct client_connection *connection, const struct http_head *head)
{
    const struct http_port_settings *settings = &connection->port->settings;
    const struct http_page *found = NULL;
    for (size_t i = 0; i < settings->page_count; i++) {
        const struct http_page *page = &settings->pages[i];
        if (!text_equal(text_of(page->path), head->path))
            continue;
        found = page;
        if (is_method_of(page, head->method)) {
            respond_page(connection, head, page);
            return;
        }
    }
    if (found)
        reject_with(connection, 405, head, found->method,
                    text_literal("this page has another method\n"));
    else
        reject_with(connection, 404, head, NULL, text_literal("unknown page\n"));
}

static void respond_request(struct client_connection *connection, const struct http_head *head)
{
    const struct http_port_settings *settings = &connection->port->settings;
    const char *refusal = settings->refusal ? settings->refusal(head) : NULL;
    if (refusal)
        reject_with(connection, 403, head, NULL, text_of(refusal));
    else
        find_page(connection, head);
}

static void note_head(struct client_connection *connection)
{
    if (!connection->has_head)
        event_add(connection->deadline, &rest_time);
    connection->has_head = true;
}

/* A complete head is parsed again when its body has come; both are small. */
static void read_request(struct client_connection *connection, struct evbuffer *in)
{
    struct http_head head;
    struct evbuffer_ptr end = evbuffer_search(in, "\r\n\r\n", 4, NULL);
    size_t bytes = evbuffer_get_length(in);
    size_t head_bytes = end.pos < 0 ? bytes : (size_t)end.pos + 4;
    if (head_bytes > HEAD_BYTES) {
        reject(connection, 431);
        return;
    }
    if (end.pos < 0)
        return;
    note_head(connection);
    const char *at = (const char *)evbuffer_pullup(in, (ssize_t)bytes);
    unsigned refusal = http_head_read((struct text){at, head_bytes}, &head);
    if (!refusal && head.body_bytes > BODY_BYTES)
        refusal = 413;
    if (refusal) {
        reject(connection, refusal);
    } else if (bytes - head_bytes >= head.body_bytes) {
        head.body = (struct text){at + head_bytes, head.body_bytes};
        respond_request(connection, &head);
    }
}

/* Discards what comes after the request, because closing with unread bytes would reset the
 * connection and destroy the response. */
static void on_read(struct bufferevent *events, void *context)
{
    struct client_connection *connection = context;
    struct evbuffer *in = bufferevent_get_input(events);
    if (!connection->is_answered)
        read_request(connection, in);
    if (connection->is_answered)
        evbuffer_drain(in, evbuffer_get_length(in));
}

/* Is also called once at the beginning, with nothing to write. */
static void on_written(struct bufferevent *events, void *context)
{
    struct client_connection *connection = context;
    if (connection->is_ended)
        connection_free(connection);
    else if (connection->is_answered)
        shutdown(bufferevent_getfd(events), SHUT_WR);
}

static void on_event(struct bufferevent *events, short what, void *context)
{
    struct client_connection *connection = context;
    connection->is_ended = true;
    if ((what & BEV_EVENT_EOF) && evbuffer_get_length(bufferevent_get_output(events)) > 0)
        return;
    connection_free(connection);
}

static void on_deadline(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    connection_free(context);
}

/* Ends the connection that has been without a whole request for longest, or the oldest one. */
static void make_place(struct http_port *port)
{
    struct client_connection *connection;
    TAILQ_FOREACH(connection, &port->connections, link)
    if (!connection->is_answered)
        break;
    connection_free(connection ? connection : TAILQ_FIRST(&port->connections));
}

static void on_accepted(struct evconnlistener *listener, evutil_socket_t fd,
                        struct sockaddr *address, int address_bytes, void *context)
{
    (void)address, (void)address_bytes;
    struct http_port *port = context;
    struct event_base *loop = evconnlistener_get_base(listener);
    if (port->connection_count == CONNECTIONS)
        make_place(port);
    struct client_connection *connection = memory_expect(calloc(1, sizeof *connection));
    connection->port = port;
    connection->events = memory_expect(bufferevent_socket_new(loop, fd, BEV_OPT_CLOSE_ON_FREE));
    connection->deadline = memory_expect(evtimer_new(loop, on_deadline, connection));
    TAILQ_INSERT_TAIL(&port->connections, connection, link);
    port->connection_count++;
    bufferevent_setcb(connection->events, on_read, on_written, on_event, connection);
    bufferevent_setwatermark(connection->events, EV_READ, 0, HEAD_BYTES + BODY_BYTES);
    bufferevent_enable(connection->events, EV_READ | EV_WRITE);
    event_add(connection->deadline, &head_time);
}

static void on_accept_error(struct evconnlistener *listener, void *context)
{
    struct http_port *port = context;
    evconnlistener_disable(listener);
    event_add(port->resume, &accept_pause);
}

static void on_resume(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct http_port *port = context;
    evconnlistener_enable(port->listener);
}

bool http_port_open(const struct http_port_settings *settings, struct event_base *loop,
                    struct http_port **port, struct status *status)
{
    struct address_listener socket;
    if (!address_listen(settings->address, settings->socket_mode, &socket, status))
        return status_wrap(status, "--%s", settings->option);
    struct http_port *made = memory_expect(calloc(1, sizeof *made));
    *made = (struct http_port){.settings = *settings, .socket = socket};
    TAILQ_INIT(&made->connections);
    made->resume = memory_expect(evtimer_new(loop, on_resume, made));
    made->listener = memory_expect(evconnlistener_new(
        loop, on_accepted, made, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, socket.fd));
    evconnlistener_set_error_cb(made->listener, on_accept_error);
    *port = made;
    return true;
}

void http_port_free(struct http_port *port)
{
    if (!port)
        return;
    for (struct client_connection *connection; (connection = TAILQ_FIRST(&port->connections));)
        connection_free(connection);
    evconnlistener_free(port->listener);
    event_free(port->resume);
    address_forget(&port->socket);
    free(port);
}

const char *http_port_address(const struct http_port *port)
{
    return port->socket.address;
}
