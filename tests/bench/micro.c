/* SPDX-License-Identifier: MIT */
/* How much does one call cost in each pure module, on a CreateApiGroup as it usually is? */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "constraint/validate.h"
#include "json/json.h"
#include "meter.h"
#include "rest/request.h"
#include "rest/response.h"
#include "schema/wire.h"
#include "subject.h"

#include "base/banned.h"

static const char help[] =
    "usage: micro [--once | --list | --only NAME [--calls N]]\n"
    "Prints nanoseconds, bytes of the call's arena and, where perf_event_open permits it, user\n"
    "instructions for each call. tests/bench/instructions counts them with valgrind instead.\n"
    "  --once        run each once, measure nothing; exit 1 when one fails\n"
    "  --list        print the names\n"
    "  --only NAME   run that one; with --calls N as often, without measuring\n";

static const struct http1_limits limits = {
    .head_bytes = 65536, .field_count = 100, .body_bytes = 1 << 22, .interim = 8};

static void run_unpack(struct subject *subject)
{
    struct status status;
    ProtobufCMessage *message;
    expect(wire_unpack(subject->method->request, subject->wire, &subject->call, &message, &status),
           &status);
}

static void run_validate(struct subject *subject)
{
    struct status status;
    struct violations violations;
    expect(
        validate(subject->method->request, subject->message, &subject->call, &violations, &status),
        &status);
}

static void run_json_write(struct subject *subject)
{
    static const struct json_style style;
    struct status status;
    struct buffer json;
    buffer_init(&json, &subject->call, 512);
    expect(
        json_write(subject->method->request, subject->message, &style, NULL, NULL, &json, &status),
        &status);
}

static void run_json_read(struct subject *subject)
{
    static const struct json_read_options options = {.strict = false};
    struct status status;
    ProtobufCMessage *message;
    expect(json_read(subject->method->response, subject->read_response.body, &options,
                     &subject->call, &message, &status),
           &status);
}

static void encode(struct subject *subject, const ProtobufCMessage *message,
                   struct http_request *request)
{
    struct status status;
    expect(request_encode(subject->method, message, (struct text){NULL, 0}, &subject->call, request,
                          &status),
           &status);
}

static void run_encode(struct subject *subject)
{
    struct http_request request;
    encode(subject, subject->message, &request);
}

static void write_bytes(struct subject *subject, struct http_request *request, struct text token)
{
    struct status status;
    struct http_bytes bytes;
    const struct http_field field = {text_literal("X-Auth-Token"), token, .is_checked = true,
                                     .is_secret = true};
    if (!request_add_field(request, &field))
        exit(EXIT_FAILURE);
    expect(http1_request(request, text_literal("apig.cn-north-4.myhuaweicloud.com"), &subject->call,
                         &bytes, &status),
           &status);
    http_bytes_copy(&bytes, 0, subject->sent, sizeof subject->sent);
}

static void run_request(struct subject *subject)
{
    struct http_request request = subject->request;
    write_bytes(subject, &request, subject->token);
}

static void run_request_large_token(struct subject *subject)
{
    struct http_request request = subject->request;
    write_bytes(subject, &request, subject->large_token);
}

static void sign(struct subject *subject, struct signing_key *key)
{
    struct status status;
    struct http_request request = subject->request;
    const struct signature_scope scope = {
        .host = text_literal("apig.cn-north-4.myhuaweicloud.com"),
        .project_id = text_literal("0123456789abcdef0123456789abcdef"),
        .seconds = 1785834322,
    };
    expect(signature_add(key, &scope, &subject->call, &request, &status), &status);
}

static void run_sign(struct subject *subject)
{
    sign(subject, subject->key);
}

static void run_sign_temporary(struct subject *subject)
{
    sign(subject, subject->temporary_key);
}

static struct http_response read_stream(struct subject *subject, struct text stream, size_t piece)
{
    struct status status;
    struct http1_reader *reader = memory_expect(http1_reader_new(&subject->call, &limits, false));
    enum http1_progress progress = HTTP1_MORE;
    for (size_t at = 0, consumed = 0; progress == HTTP1_MORE && at < stream.size; at += consumed) {
        size_t rest = stream.size - at;
        progress =
            http1_reader_feed(reader, (struct text){stream.data + at, rest < piece ? rest : piece},
                              &consumed, &status);
    }
    expect(progress == HTTP1_COMPLETE, &status);
    return http1_reader_response(reader);
}

static void run_read(struct subject *subject)
{
    read_stream(subject, subject->response, SIZE_MAX);
}

static void run_read_chunked(struct subject *subject)
{
    read_stream(subject, subject->chunked_response, SIZE_MAX);
}

static void run_read_in_pieces(struct subject *subject)
{
    read_stream(subject, subject->response, 16);
}

static void decode(struct subject *subject, const struct http_response *response,
                   ProtobufCMessage **group)
{
    struct status status;
    expect(response_decode(subject->method, response, &subject->call, NULL, NULL, group, &status),
           &status);
}

static void run_decode(struct subject *subject)
{
    ProtobufCMessage *group;
    decode(subject, &subject->read_response, &group);
}

static void run_pack(struct subject *subject)
{
    pack(subject->method->response, subject->group, &subject->call);
}

static void run_guard(struct subject *subject)
{
    guard_calls_run(subject->guard_calls);
}

/* All of it, as a call takes it. */
static void run_pipeline(struct subject *subject)
{
    struct status status;
    ProtobufCMessage *message, *group;
    struct violations violations;
    struct http_request request;
    const struct schema_message *type = subject->method->request;
    expect(wire_unpack(type, subject->wire, &subject->call, &message, &status), &status);
    expect(validate(type, message, &subject->call, &violations, &status), &status);
    encode(subject, message, &request);
    write_bytes(subject, &request, subject->token);
    struct http_response response = read_stream(subject, subject->response, SIZE_MAX);
    decode(subject, &response, &group);
    pack(subject->method->response, group, &subject->call);
}

static const struct row {
    const char *name, *what;
    void (*run)(struct subject *subject);
} rows[] = {
    {"unpack", "request message from its bytes", run_unpack},
    {"validate", "its rules", run_validate},
    {"json_write", "request message to JSON", run_json_write},
    {"encode", "request message to HTTP request, JSON included", run_encode},
    {"request", "HTTP request to bytes, token of 2 KiB", run_request},
    {"request_10k", "HTTP request to bytes, token of 10 KiB", run_request_large_token},
    {"sign", "signature with an access key", run_sign},
    {"sign_temp", "signature with a security token of 1.2 KiB", run_sign_temporary},
    {"read", "response, in one piece", run_read},
    {"read_chunked", "response of one chunk, in one piece", run_read_chunked},
    {"read_pieces", "response, in pieces of 16 bytes", run_read_in_pieces},
    {"json_read", "response message from JSON", run_json_read},
    {"decode", "response's body to message, JSON included", run_decode},
    {"pack", "response message to its bytes", run_pack},
    {"guard", "a call through the HTTP/2 guard, both ways", run_guard},
    {"pipeline", "all that a call takes, token of 2 KiB", run_pipeline},
};

/* One row on its subject, and what its last run took of the arena. */
struct job {
    const struct row *row;
    struct subject *subject;
    size_t arena_bytes;
};

static void run_job(void *context)
{
    struct job *job = context;
    struct arena *arena = &job->subject->call;
    job->row->run(job->subject);
    job->arena_bytes = arena->taken - (size_t)(arena->end - arena->at);
    arena_clear(arena);
}

static void print_measured(struct job *job, struct meter *meter)
{
    struct reading_of_meter cost = meter_measure(meter, run_job, job);
    printf("%-13s %9.0f %9zu ", job->row->name, cost.nanoseconds, job->arena_bytes);
    if (cost.instructions < 0)
        printf("%12s", "-");
    else
        printf("%12.0f", cost.instructions);
    printf("   %s\n", job->row->what);
}

struct wishes {
    bool once, list;
    const char *only;
    unsigned long calls;
};

static bool read_wishes(int count, char **arguments, struct wishes *wishes)
{
    static const struct option options[] = {{"once", no_argument, NULL, 'o'},
                                            {"list", no_argument, NULL, 'l'},
                                            {"only", required_argument, NULL, 'n'},
                                            {"calls", required_argument, NULL, 'c'},
                                            {NULL, 0, NULL, 0}};
    *wishes = (struct wishes){0};
    for (int option; (option = getopt_long(count, arguments, "", options, NULL)) != -1;) {
        wishes->once |= option == 'o';
        wishes->list |= option == 'l';
        if (option == 'n')
            wishes->only = optarg;
        if (option == 'c')
            wishes->calls = strtoul(optarg, NULL, 10);
        if (option == '?')
            return false;
    }
    return optind == count;
}

static void run_row(struct job *job, const struct wishes *wishes, struct meter *meter)
{
    if (wishes->list) {
        puts(job->row->name);
        return;
    }
    unsigned long calls = wishes->once ? 1 : wishes->calls;
    for (unsigned long i = 0; i < calls; i++)
        run_job(job);
    if (calls == 0)
        print_measured(job, meter);
}

int main(int count, char **arguments)
{
    struct wishes wishes;
    if (!read_wishes(count, arguments, &wishes)) {
        fputs(help, stderr);
        return 2;
    }
    struct subject subject;
    struct meter meter;
    subject_init(&subject);
    meter_init(&meter);
    if (!wishes.once && !wishes.list && wishes.calls == 0)
        printf("%-13s %9s %9s %12s\n", "", "ns", "bytes", "instructions");
    for (size_t i = 0; i < array_length(rows); i++) {
        struct job job = {.row = &rows[i], .subject = &subject};
        if (!wishes.only || strcmp(wishes.only, rows[i].name) == 0)
            run_row(&job, &wishes, &meter);
    }
    meter_clear(&meter);
    subject_clear(&subject);
    return EXIT_SUCCESS;
}
