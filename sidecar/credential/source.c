/* SPDX-License-Identifier: MIT */
#include "credential/source.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>

#include "base/clock.h"
#include "credential/secret_file.h"
#include "rest/fault_body.h"

#include "base/banned.h"

/* The texts of a failure, which are cut. */
#define FAILURE_BYTES 16384

void source_hide(struct source_fetch *fetch, struct text secret)
{
    for (size_t i = 0; i < SOURCE_HIDDEN; i++)
        if (!fetch->hidden[i] && secret.size > 0) {
            fetch->hidden[i] = secret_new(fetch->secrets, secret);
            return;
        }
}

void source_hide_issued(struct source_fetch *fetch)
{
    source_hide(fetch, fetch->issued.token);
    source_hide(fetch, fetch->issued.secret);
    source_hide(fetch, fetch->issued.security);
}

void source_end_hiding(struct source_fetch *fetch)
{
    for (size_t i = 0; i < SOURCE_HIDDEN; i++)
        secret_wipe(fetch->hidden[i]);
}

enum source_next source_fail(struct source_fetch *fetch, enum source_fault fault,
                             const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fetch->fault = fault;
    fetch->status.code = STATUS_UNAVAILABLE;
    text_format(fetch->status.message, sizeof fetch->status.message, format, arguments);
    va_end(arguments);
    return SOURCE_FAILED;
}

static bool is_our_configuration(unsigned http_status)
{
    return http_status == 400 || http_status == 401 || http_status == 403 || http_status == 404;
}

/* IAM's own id of the request, for the vendor's support. */
static struct text trace_id(const struct http_response *response, const struct fault_body *body)
{
    struct text id = http_response_field(response, text_literal("X-IAM-Trace-Id"));
    return id.size > 0 && id.size <= 64 && text_consists_of(id, ascii_is_visible)
               ? id
               : body->request_id;
}

enum source_next source_refuse(struct source_fetch *fetch, const struct http_response *response)
{
    struct fault_body body;
    struct arena arena;
    arena_init(&arena, FAILURE_BYTES);
    fault_body_read(response, fetch->secrets, fetch->arena, &arena, &body);
    struct text id = trace_id(response, &body),
                words = body.message.size ? body.message : text_literal("no reason given");
    fetch->retry_after_ns = body.wait_ms * CLOCK_NS_PER_MS;
    enum source_next next =
        source_fail(fetch, is_our_configuration(response->status) ? SOURCE_REFUSED : SOURCE_PASSING,
                    "HTTP %u%s%.*s: %.*s%s%.*s", response->status, body.code.size ? ", " : "",
                    text_arguments(body.code), text_arguments(words),
                    id.size ? SOURCE_TRACE_ID : "", text_arguments(id));
    arena_clear(&arena);
    return next;
}

bool source_read_file(struct source_fetch *fetch, const char *path, size_t most, struct text *text)
{
    const char *reason;
    struct text read;
    if (!secret_file_value(AT_FDCWD, path, most, fetch->arena, &read, &reason))
        return source_fail(fetch, SOURCE_PASSING, "%s: %s", path, reason), false;
    if (read.size == 0 || read.size > most || !text_consists_of(read, ascii_is_visible))
        return source_fail(fetch, SOURCE_PASSING,
                           "%s: the file is empty, has more than %zu bytes, or a byte that is not "
                           "visible ASCII",
                           path, most),
               false;
    *text = read;
    return true;
}

void source_request(struct source_fetch *fetch, enum source_host host, const char *method,
                    struct text target)
{
    fetch->host = host;
    fetch->request = (struct http_request){.method = text_of(method), .target = target};
    source_add_field(fetch, "Accept", text_literal("application/json"));
    source_add_field(fetch, "Accept-Encoding", text_literal("identity"));
    source_add_field(fetch, "User-Agent", text_literal("apig-sidecar"));
}

void source_add_field(struct source_fetch *fetch, const char *name, struct text value)
{
    struct http_request *request = &fetch->request;
    request->fields[request->field_count++] =
        (struct http_field){.name = text_of(name), .value = value};
}

void source_set_body(struct source_fetch *fetch, struct text json)
{
    fetch->request.body = json;
    fetch->request.has_body = true;
    if (json.size > 0)
        source_add_field(fetch, "Content-Type", text_literal("application/json;charset=utf8"));
}

void source_free(struct source *source)
{
    if (source && source->kind->clear)
        source->kind->clear(source);
    free(source);
}
