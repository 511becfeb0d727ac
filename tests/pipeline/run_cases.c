/* SPDX-License-Identifier: MIT */
/*
 * The golden exchanges of tests/cases in process: the call, the exact bytes that it sends upstream,
 * the bytes of the response, and the reply or the status with the details in its trailers.
 * `run_cases FOLDER`.
 */
#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "google/rpc/error_details.pb-c.h"
#include "google/rpc/status.pb-c.h"
#include "json/json.h"
#include "rig.h"
#include "schema/wire.h"
#include "system/file.h"

#define TOKEN "MIIF-the-token-of-the-cases"
#define REQUEST_ID "5f2c1d0a-case"
#define MEMORY (64U << 20)
#define DEADLINE_MS INT64_C(30000)

/* One folder. */
struct golden {
    const char *name;
    struct arena arena;
    json_t *call, *expect;
    struct text request, response;
    bool sends;
};

static bool fail(const struct golden *golden, const char *what, struct text is, struct text should)
{
    printf("FAILED %s: %s is\n%.*s\nand should be\n%.*s\n", golden->name, what, text_arguments(is),
           text_arguments(should));
    return false;
}

static const char *path_of(struct golden *golden, const char *folder, const char *file)
{
    struct buffer path;
    buffer_init(&path, &golden->arena, 256);
    buffer_add_text(&path, text_of(folder));
    buffer_add_char(&path, '/');
    buffer_add_text(&path, text_of(golden->name));
    buffer_add_char(&path, '/');
    buffer_add_text(&path, text_of(file));
    buffer_add_char(&path, '\0');
    return path.at;
}

static void add_replaced(struct buffer *out, struct text text)
{
    static const struct {
        const char *mark, *value;
    } marks[] = {
        {"{{token}}", TOKEN}, {"{{host}}", "upstream.example"}, {"{{request_id}}", REQUEST_ID}};
    for (size_t i = 0; i < text.size;) {
        size_t used = 0;
        for (size_t mark = 0; mark < array_length(marks) && !used; mark++) {
            size_t bytes = strlen(marks[mark].mark);
            if (text.size - i < bytes || memcmp(text.data + i, marks[mark].mark, bytes) != 0)
                continue;
            buffer_add_text(out, text_of(marks[mark].value));
            used = bytes;
        }
        if (!used)
            buffer_add_char(out, text.data[i]);
        i += used ? used : 1;
    }
}

static bool load(struct golden *golden, const char *folder)
{
    struct status status;
    struct text template;
    struct buffer request;
    golden->call = json_load_file(path_of(golden, folder, "call.json"), 0, NULL);
    golden->expect = json_load_file(path_of(golden, folder, "expect.json"), 0, NULL);
    golden->sends = file_read(path_of(golden, folder, "request.http"), MEMORY, &golden->arena,
                              &template, &status);
    if (!golden->sends)
        return golden->call && golden->expect;
    buffer_init(&request, &golden->arena, template.size + 1024);
    add_replaced(&request, template);
    golden->request = buffer_text(&request);
    return golden->call && golden->expect &&
           file_read(path_of(golden, folder, "response.http"), MEMORY, &golden->arena,
                     &golden->response, &status);
}

/* The message as a caller's client would encode it. */
static struct text encode(struct golden *golden, const struct schema_method *method)
{
    const struct json_read_options options = {.strict = true};
    struct status status;
    ProtobufCMessage *message;
    char *json = json_dumps(json_object_get(golden->call, "message"), 0);
    char *kept = arena_copy(&golden->arena, json, strlen(json));
    free(json);
    if (!json_read(method->request, text_of(kept), &options, &golden->arena, &message, &status)) {
        printf("%s: %s\n", golden->name, status.message);
        exit(1);
    }
    size_t size = wire_size(method->request, message);
    char *bytes = arena_alloc(&golden->arena, size);
    wire_pack(method->request, message, size, bytes);
    return (struct text){bytes, size};
}

/* The case's own metadata and a request id, as the rig wants them. */
static void metadata_of(const struct golden *golden, const char **metadata, size_t room)
{
    size_t used = 0;
    const char *name;
    json_t *value;
    metadata[used++] = "x-request-id";
    metadata[used++] = REQUEST_ID;
    json_object_foreach(json_object_get(golden->call, "metadata"), name, value)
    {
        if (used + 2 >= room)
            break;
        metadata[used++] = name;
        metadata[used++] = json_string_value(value);
    }
    metadata[used] = NULL;
}

static bool same_reply(struct golden *golden, const struct schema_method *method,
                       struct text response)
{
    static const struct json_style style;
    struct status status;
    struct buffer out;
    ProtobufCMessage *message;
    buffer_init(&out, &golden->arena, 1024);
    if (!wire_unpack(method->response, response, &golden->arena, &message, &status) ||
        !json_write(method->response, message, &style, NULL, NULL, &out, &status))
        return fail(golden, "the reply", text_of(status.message), text_literal("a message"));
    json_t *is = json_loadb(out.at, out.bytes, 0, NULL),
           *should = json_object_get(golden->expect, "reply");
    char *wanted = json_dumps(should, 0);
    bool same =
        json_equal(is, should) || fail(golden, "the reply", buffer_text(&out), text_of(wanted));
    free(wanted);
    json_decref(is);
    return same;
}

static struct text expected(const struct golden *golden, const char *member)
{
    const char *value = json_string_value(json_object_get(golden->expect, member));
    return value ? text_of(value) : text_literal("");
}

/* An entry of ErrorInfo's metadata; {NULL, 0} when there is none. */
static struct text entry_of(const Google__Rpc__ErrorInfo *info, const char *key)
{
    for (size_t i = 0; info && i < info->n_metadata; i++)
        if (strcmp(info->metadata[i]->key, key) == 0)
            return text_of(info->metadata[i]->value);
    return (struct text){NULL, 0};
}

/* The entries of ErrorInfo's metadata that the case names; null stands for an entry that must not
 * be there. */
static bool same_metadata(const struct golden *golden, const Google__Rpc__ErrorInfo *info)
{
    const char *key;
    json_t *value;
    json_object_foreach(json_object_get(golden->expect, "metadata"), key, value)
    {
        struct text is = entry_of(info, key);
        struct text should =
            json_is_string(value) ? text_of(json_string_value(value)) : text_literal("");
        if (!text_equal(is, should))
            return fail(golden, key, is, should);
    }
    return true;
}

/* Compares domain and reason of ErrorInfo. */
static bool same_error_info(const struct golden *golden, const Google__Rpc__Status *status)
{
    const Google__Protobuf__Any *any = status && status->n_details ? status->details[0] : NULL;
    if (!any || strcmp(any->type_url, "type.googleapis.com/google.rpc.ErrorInfo") != 0)
        return fail(golden, "the first detail", text_literal("another"), text_literal("ErrorInfo"));
    Google__Rpc__ErrorInfo *info =
        google__rpc__error_info__unpack(NULL, any->value.len, any->value.data);
    struct text domain = text_of(info ? info->domain : ""),
                reason = text_of(info ? info->reason : "");
    bool same = (text_equal(domain, expected(golden, "domain")) ||
                 fail(golden, "the domain", domain, expected(golden, "domain"))) &&
                (text_equal(reason, expected(golden, "reason")) ||
                 fail(golden, "the reason", reason, expected(golden, "reason"))) &&
                same_metadata(golden, info);
    if (info)
        google__rpc__error_info__free_unpacked(info, NULL);
    return same;
}

/* "never", "later", or nothing at all, as the trailer for retry policies says it. */
static bool same_retry(const struct golden *golden, const struct rig_result *result)
{
    struct text pushback = rig_trailer(result, "grpc-retry-pushback-ms");
    struct text retry = pushback.size == 0                         ? text_literal("")
                        : text_equal(pushback, text_literal("-1")) ? text_literal("never")
                                                                   : text_literal("later");
    return text_equal(retry, expected(golden, "retry")) ||
           fail(golden, "when to retry", retry, expected(golden, "retry"));
}

static bool same_details(const struct golden *golden, const struct rig_result *result)
{
    struct text details = rig_trailer(result, "grpc-status-details-bin");
    Google__Rpc__Status *status =
        google__rpc__status__unpack(NULL, details.size, (const uint8_t *)details.data);
    bool same = same_error_info(golden, status) && same_retry(golden, result);
    if (status)
        google__rpc__status__free_unpacked(status, NULL);
    return same;
}

static bool judge(struct golden *golden, const struct schema_method *method,
                  const struct rig_result *result)
{
    struct text code = text_of(json_string_value(json_object_get(golden->expect, "code")));
    const char *words = json_string_value(json_object_get(golden->expect, "message"));
    if (result->replies != 1 || !text_equal(text_of(status_code_name(result->code)), code))
        return fail(golden, "the code", text_of(status_code_name(result->code)), code);
    if (words && !memmem(result->message.data, result->message.size, words, strlen(words)))
        return fail(golden, "the message", result->message, text_of(words));
    json_t *attempts = json_object_get(golden->expect, "attempts");
    if (result->request_count != (attempts ? (size_t)json_integer_value(attempts) : golden->sends))
        return fail(golden, "what was sent, more or less often than it should,",
                    result->requests[0], golden->request);
    for (size_t i = 0; i < result->request_count; i++)
        if (!text_equal(result->requests[i], golden->request))
            return fail(golden, "the request", result->requests[i], golden->request);
    if (result->code != STATUS_OK)
        return same_details(golden, result);
    return !json_object_get(golden->expect, "reply") ||
           same_reply(golden, method, result->response);
}

static bool run(struct rig *rig, const char *folder, const char *name)
{
    struct golden golden = {.name = name};
    const char *metadata[32];
    bool good = false;
    arena_init(&golden.arena, MEMORY);
    if (load(&golden, folder)) {
        const struct schema_method *method =
            rig_method(rig, text_of(json_string_value(json_object_get(golden.call, "method"))));
        const struct rig_response response = {.bytes = golden.response};
        const struct rig_upstream upstream = {
            .responses = &response, .response_count = 1, .ends_stream = true};
        const json_t *deadline_ms = json_object_get(golden.call, "deadline_ms");
        rig_deadline_ns(rig, (deadline_ms ? json_integer_value(deadline_ms) : DEADLINE_MS) *
                                 CLOCK_NS_PER_MS);
        metadata_of(&golden, metadata, array_length(metadata));
        good = judge(&golden, method,
                     rig_call(rig, method, encode(&golden, method), metadata, &upstream));
    } else {
        printf("FAILED %s: its files cannot be read\n", name);
    }
    json_decref(golden.call);
    json_decref(golden.expect);
    arena_clear(&golden.arena);
    return good;
}

static int is_case(const struct dirent *entry)
{
    return entry->d_type == DT_DIR && entry->d_name[0] != '.' &&
           strcmp(entry->d_name, "__pycache__") != 0;
}

int main(int count, char **arguments)
{
    struct dirent **entries;
    int cases = count == 2 ? scandir(arguments[1], &entries, is_case, alphasort) : -1, failed = 0;
    if (cases <= 0) {
        fprintf(stderr, "run_cases FOLDER: a folder with cases\n");
        return 2;
    }
    struct rig *rig = rig_new(TOKEN);
    for (int i = 0; i < cases; i++) {
        failed += !run(rig, arguments[1], entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    rig_free(rig);
    printf("%d passed, %d failed\n", cases - failed, failed);
    return failed > 0;
}
