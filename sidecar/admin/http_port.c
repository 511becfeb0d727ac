/* SPDX-License-Identifier: MIT */
#include "admin/http_port.h"

#include <event2/buffer.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/socket.h"

#include "base/banned.h"

#define HEADER_BYTES 8192
#define BODY_BYTES 1024
#define TIMEOUT_SECONDS 5

/* A page is a few kilobytes at most. */
#define PAGE_BYTES (256 * 1024)

struct http_port {
    struct evhttp *http;
    const struct http_page *pages;
    size_t page_count;
    void *context;
    struct socket_listener listener;
};

static const struct {
    int status;
    const char *reason;
} reasons[] = {{200, "OK"},
               {202, "Accepted"},
               {404, "Not Found"},
               {405, "Method Not Allowed"},
               {503, "Service Unavailable"}};

static void answer(struct evhttp_request *request, int status, struct text body)
{
    const char *reason = "OK";
    for (size_t i = 0; i < array_length(reasons); i++)
        if (reasons[i].status == status)
            reason = reasons[i].reason;
    struct evbuffer *out = memory_expect(evbuffer_new());
    evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type",
                      "text/plain; charset=utf-8");
    evhttp_add_header(evhttp_request_get_output_headers(request), "Cache-Control", "no-store");
    evbuffer_add(out, body.at, body.bytes);
    evhttp_send_reply(request, status, reason, out);
    evbuffer_free(out);
}

static void answer_page(struct http_port *port, const struct http_page *page,
                        struct evhttp_request *request, bool verbose)
{
    struct arena arena;
    struct buffer body;
    arena_init(&arena, PAGE_BYTES);
    buffer_init(&body, &arena, 256);
    int status = page->answer(&body, verbose, port->context);
    answer(request, status, buffer_text(&body));
    arena_clear(&arena);
}

static void on_request(struct evhttp_request *request, void *context)
{
    struct http_port *port = context;
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
    const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
    const char *query = uri ? evhttp_uri_get_query(uri) : NULL;
    bool found = false;
    for (size_t i = 0; path && i < port->page_count; i++) {
        const struct http_page *page = &port->pages[i];
        if (strcmp(page->path, path) != 0)
            continue;
        found = true;
        if (page->method != evhttp_request_get_command(request))
            continue;
        answer_page(port, page, request, query && strstr(query, "verbose"));
        return;
    }
    answer(request, found ? 405 : 404,
           found ? text_literal("another method is due here\n") : text_literal("no such page\n"));
}

bool http_port_open(const char *option, const struct config_address *address,
                    struct event_base *loop, const struct http_page *pages, size_t page_count,
                    void *context, struct http_port **port, struct status *status)
{
    struct socket_listener listener;
    const struct socket_address at = {address->unix_path, address->host, address->port};
    if (!socket_listen(&at, &listener, status))
        return status_wrap(status, "--%s", option);
    struct http_port *made = memory_expect(calloc(1, sizeof *made));
    *made = (struct http_port){.http = memory_expect(evhttp_new(loop)),
                               .pages = pages,
                               .page_count = page_count,
                               .context = context,
                               .listener = listener};
    evhttp_set_max_headers_size(made->http, HEADER_BYTES);
    evhttp_set_max_body_size(made->http, BODY_BYTES);
    evhttp_set_timeout(made->http, TIMEOUT_SECONDS);
    evhttp_set_allowed_methods(made->http,
                               EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST | EVHTTP_REQ_PUT);
    evhttp_set_gencb(made->http, on_request, made);
    memory_expect(evhttp_accept_socket_with_handle(made->http, listener.fd));
    *port = made;
    return true;
}

void http_port_free(struct http_port *port)
{
    if (!port)
        return;
    evhttp_free(port->http);
    socket_forget(&port->listener);
    free(port);
}

const char *http_port_address(const struct http_port *port)
{
    return port->listener.address;
}
