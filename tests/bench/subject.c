/* SPDX-License-Identifier: MIT */
#include "subject.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "constraint/attach.h"
#include "json/json.h"
#include "schema/wire.h"

#include "base/banned.h"

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

static const struct http_request usual_request = {
    .method = {"POST", 4},
    .target = {"/v2/0123456789abcdef0123456789abcdef/apigw/instances/"
               "f0fa17893b76433ba7879892951c620e/api-groups",
               96},
    .fields = {{{"Content-Type", 12}, {"application/json", 16}, .is_checked = true},
               {{"Accept", 6}, {"application/json", 16}, .is_checked = true},
               {{"User-Agent", 10}, {"apig-sidecar/0.2.0", 18}, .is_checked = true},
               {{"X-Request-Id", 12},
                {"9f0c2c3e7f1a4f0f8a3f2b7a1c5d6e7f", 32},
                .is_checked = true}},
    .field_count = 4,
    .body = {request_json, sizeof request_json - 1},
    .has_body = true,
};

void expect(bool good, const struct status *status)
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

struct text pack(const struct schema_message *type, const ProtobufCMessage *message,
                 struct arena *arena)
{
    size_t size = wire_size(type, message);
    char *bytes = memory_expect(arena_alloc(arena, size));
    wire_pack(type, message, size, bytes);
    return (struct text){bytes, size};
}

static struct signing_key *key_of(struct text security_token)
{
    struct status status = {.message = ""};
    struct signing_key *key = NULL;
    const struct access_key access_key = {text_literal("QTWAOYTTINDUT2QVKYUC"),
                                          text_literal("MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc"),
                                          security_token};
    expect(signing_key_new(&access_key, &key, &status), &status);
    return key;
}

void subject_init(struct subject *subject)
{
    struct status status = {.message = ""};
    *subject = (struct subject){0};
    arena_init(&subject->kept, 1 << 20);
    arena_init(&subject->call, 1 << 20);
    expect(schema_open(NULL, &subject->kept, &subject->schema, &status), &status);
    constraint_attach(subject->schema);
    expect(schema_serve(subject->schema, NULL, &status), &status);
    subject->method = schema_method_find(subject->schema, text_literal("CreateApiGroup"));
    subject->message = read_json(subject, subject->method->request, request_json);
    subject->group = read_json(subject, subject->method->response, group_json);
    subject->wire = pack(subject->method->request, subject->message, &subject->kept);
    subject->token = token_of(&subject->kept, 2048);
    subject->large_token = token_of(&subject->kept, 10240);
    subject->response = response_of(&subject->kept, false);
    subject->chunked_response = response_of(&subject->kept, true);
    subject->key = key_of(text_literal(""));
    subject->temporary_key = key_of(token_of(&subject->kept, 1218));
    subject->guard_calls = guard_calls_new();
    subject->request = usual_request;
    subject->read_response = (struct http_response){.status = 201, .body = text_of(group_json)};
}

void subject_clear(struct subject *subject)
{
    signing_key_free(subject->temporary_key);
    signing_key_free(subject->key);
    guard_calls_free(subject->guard_calls);
    schema_free(subject->schema);
    arena_clear(&subject->call);
    arena_clear(&subject->kept);
}
