/* SPDX-License-Identifier: MIT */
/* What one call costs in each pure module, on a CreateApiGroup as it usually is. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "constraint/attach.h"
#include "constraint/validate.h"
#include "guard_call.h"
#include "http/request_writer.h"
#include "http/response_reader.h"
#include "json/json.h"
#include "meter.h"
#include "rest/request.h"
#include "rest/response.h"
#include "schema/schema.h"
#include "schema/wire.h"

#include "base/banned.h"

static const char help[] =
    "usage: micro [--once | --list | --only NAME [--calls N]]\n"
    "Prints nanoseconds, bytes of the call's arena and, where perf_event_open permits it, user\n"
    "instructions for each call. tests/bench/instructions counts them with valgrind instead.\n"
    "  --once        run each once, measure nothing; exit 1 when one fails\n"
    "  --list        print the names\n"
    "  --only NAME   run that one; with --calls N as often, without measuring\n";

/* What is worked on. `kept` lives as long as the program, `call` as long as one run. */
struct subject {
    struct arena kept, call;
    struct schema *schema;
    const struct schema_method *method;
    ProtobufCMessage *message, *group;
    struct text wire, token, large_token, response, chunked_response;
    struct http_response read_response;
    struct guard_calls *guard_calls;
};

static const char request_json[] =
    "{\"project_id\":\"0123456789abcdef0123456789abcdef\","
    "\"instance_id\":\"f0fa17893b76433ba7879892951c620e\",\"name\":\"api_group_001\","
    "\"remark\":\"API group 1, for the orders\"}";

static const char group_json[] =
    "{\"id\":\"7a4a2ac7a1b14d8c8c9d7a5b5e5f1f3a\",\"name\":\"api_group_001\",\"status\":1,"
    "\"sl_domain\":\"7a4a2ac7a1b14d8c8c9d7a5b5e5f1f3a.apic.example.com\","
    "\"register_time\":\"2026-08-04T09:05:22.701Z\",\"update_time\":\"2026-08-04T09:05:22.701Z\","
    "\"on_sell_status\":2,\"url_domains\":[],\"is_default\":2,"
    "\"remark\":\"API group 1, for the orders\"}";

static const char response_head[] =
    "HTTP/1.1 201 Created\r\nServer: api-gateway\r\nDate: Tue, 04 Aug 2026 09:05:22 GMT\r\n"
    "Content-Type: application/json\r\nX-Request-Id: 9f0c2c3e7f1a4f0f8a3f2b7a1c5d6e7f\r\n"
    "X-Content-Type-Options: nosniff\r\nX-Frame-Options: SAMEORIGIN\r\n"
    "X-Xss-Protection: 1; mode=block\r\nX-Download-Options: noopen\r\n"
    "Strict-Transport-Security: max-age=31536000; includeSubdomains\r\nConnection: keep-alive\r\n";

static const struct http1_limits limits = {
    .head_bytes = 65536, .field_count = 100, .body_bytes = 1 << 22, .interim = 8};

/* Nothing that is measured here may fail. */
static void expect(bool good, const struct status *status)
{
    if (good)
        return;
    fprintf(stderr, "micro: %s\n", status->message);
    exit(EXIT_FAILURE);
}

static ProtobufCMessage *read_json(struct subject *subject, const struct schema_message *type,
                                   const char *json)
{
    const struct json_read_options options = {.strict = true};
    struct status status = {.message = ""};
    ProtobufCMessage *message = NULL;
    expect(json_read(type, text_of(json), &options, &subject->kept, &message, &status), &status);
    return message;
}

static struct text token_of(struct arena *arena, size_t bytes)
{
    char *token = memory_expect(arena_alloc(arena, bytes));
    memset(token, 't', bytes);
    return (struct text){token, bytes};
}

static struct text response_of(struct arena *arena, bool chunked)
{
    struct buffer response;
    buffer_init(&response, arena, 1024);
    buffer_add_text(&response, text_of(response_head));
    if (chunked) {
        buffer_add_literal(&response, "Transfer-Encoding: chunked\r\n\r\n");
        /* The body as one chunk, whose size has three digits. */
        char size[8];
        snprintf(size, sizeof size, "%zx\r\n", sizeof group_json - 1);
        buffer_add_text(&response, text_of(size));
        buffer_add_text(&response, text_of(group_json));
        buffer_add_literal(&response, "\r\n0\r\n\r\n");
        return buffer_text(&response);
    }
    buffer_add_literal(&response, "Content-Length: ");
    buffer_add_u64(&response, sizeof group_json - 1);
    buffer_add_literal(&response, "\r\n\r\n");
    buffer_add_text(&response, text_of(group_json));
    return buffer_text(&response);
}

static struct text pack(struct arena *arena, const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = memory_expect(arena_alloc(arena, size));
    return (struct text){(char *)bytes, protobuf_c_message_pack(message, bytes)};
}

static void subject_init(struct subject *subject)
{
    struct status status = {.message = ""};
    *subject = (struct subject){0};
    arena_init(&subject->kept, 1 << 20);
    arena_init(&subject->call, 1 << 20);
    expect(constraint_open(NULL, &subject->kept, &subject->schema, &status), &status);
    subject->method = schema_method_find(subject->schema, text_literal("CreateApiGroup"));
    subject->message = read_json(subject, subject->method->request, request_json);
    subject->group = read_json(subject, subject->method->response, group_json);
    subject->wire = pack(&subject->kept, subject->message);
    subject->token = token_of(&subject->kept, 2048);
    subject->large_token = token_of(&subject->kept, 10240);
    subject->response = response_of(&subject->kept, false);
    subject->chunked_response = response_of(&subject->kept, true);
    subject->guard_calls = guard_calls_new();
    subject->read_response = (struct http_response){.status = 201, .body = text_of(group_json)};
}

static void subject_clear(struct subject *subject)
{
    guard_calls_free(subject->guard_calls);
    schema_free(subject->schema);
    arena_clear(&subject->call);
    arena_clear(&subject->kept);
}

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
    static const struct json_style style = {.names = JSON_NAMES_PROTO};
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
    struct text bytes;
    if (!request_add_field(request, text_literal("X-Auth-Token"), token))
        exit(EXIT_FAILURE);
    expect(http1_request(request, text_literal("apig.cn-north-4.myhuaweicloud.com"), &subject->call,
                         &bytes, &status),
           &status);
}

static const struct http_request usual_request = {
    .method = {"POST", 4},
    .target = {"/v2/0123456789abcdef0123456789abcdef/apigw/instances/"
               "f0fa17893b76433ba7879892951c620e/api-groups",
               96},
    .fields = {{.name = {"Content-Type", 12}, .value = {"application/json", 16}},
               {.name = {"Accept", 6}, .value = {"application/json", 16}},
               {.name = {"User-Agent", 10}, .value = {"apig-sidecar/0.1.0", 18}},
               {.name = {"X-Request-Id", 12}, .value = {"9f0c2c3e7f1a4f0f8a3f2b7a1c5d6e7f", 32}}},
    .field_count = 4,
    .body = {request_json, sizeof request_json - 1},
    .has_body = true,
};

static void run_request(struct subject *subject)
{
    struct http_request request = usual_request;
    write_bytes(subject, &request, subject->token);
}

static void run_request_large_token(struct subject *subject)
{
    struct http_request request = usual_request;
    write_bytes(subject, &request, subject->large_token);
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
    pack(&subject->call, subject->group);
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
    pack(&subject->call, group);
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
    {"read", "answer, in one piece", run_read},
    {"read_chunked", "answer of one chunk, in one piece", run_read_chunked},
    {"read_pieces", "answer, in pieces of 16 bytes", run_read_in_pieces},
    {"json_read", "answer message from JSON", run_json_read},
    {"decode", "answer's body to message, JSON included", run_decode},
    {"pack", "answer message to its bytes, by protobuf-c", run_pack},
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
