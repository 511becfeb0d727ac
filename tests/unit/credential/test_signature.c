/* SPDX-License-Identifier: MIT */
/* Are the fields of a signature those that the vendor's own signers add? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>
#include <jansson.h>
#include <pthread.h>

#include "credential/signature.h"

#include "base/banned.h"

static struct text text_member(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    assert_non_null(value);
    return (struct text){json_string_value(value), json_string_length(value)};
}

static int64_t seconds_of(struct text date)
{
    struct tm utc = {0};
    const char *end = strptime(date.data, "%Y%m%dT%H%M%SZ", &utc);
    assert_ptr_equal(end, date.data + date.size);
    return timegm(&utc);
}

static struct signing_key *new_key(const struct access_key *access_key)
{
    struct signing_key *key;
    struct status status;
    assert_true(signing_key_new(access_key, &key, &status));
    return key;
}

static struct http_request request_of(const json_t *vector)
{
    struct http_request request = {.method = text_member(vector, "method"),
                                   .target = text_member(vector, "target"),
                                   .body = text_member(vector, "body"),
                                   .has_body = json_is_true(json_object_get(vector, "has_body"))};
    struct text content_type = text_member(vector, "content_type");
    if (content_type.size > 0)
        request.fields[request.field_count++] =
            (struct http_field){.name = text_literal("Content-Type"), .value = content_type};
    return request;
}

static void assert_field(const struct http_request *request, const char *name, struct text expected)
{
    for (size_t i = 0; i < request->field_count; i++)
        if (text_equal(request->fields[i].name, text_of(name))) {
            struct text value = request->fields[i].value;
            if (!text_equal(value, expected))
                fail_msg("%s: %.*s instead of %.*s", name, text_arguments(value),
                         text_arguments(expected));
            return;
        }
    fail_msg("%s is missing", name);
}

static struct signature_scope scope_of(const json_t *vector)
{
    const json_t *project = json_object_get(json_object_get(vector, "fields"), "X-Project-Id");
    return (struct signature_scope){
        .host = text_member(vector, "host"),
        .project_id = project ? text_of(json_string_value(project)) : text_literal(""),
        .seconds = seconds_of(text_member(vector, "date")),
    };
}

static void assert_fields(const struct http_request *request, json_t *fields)
{
    json_t *value;
    const char *name;
    json_object_foreach(fields, name, value)
    {
        assert_field(request, name, text_of(json_string_value(value)));
    }
}

static void fields_are_those_of_the_vendor(void **state)
{
    json_t *vector = *state, *fields = json_object_get(vector, "fields");
    struct arena arena;
    struct status status;
    struct http_request request = request_of(vector);
    size_t own_fields = request.field_count;
    const struct access_key access_key = {text_member(vector, "ak"), text_member(vector, "sk"),
                                          text_member(vector, "security_token")};
    const struct signature_scope scope = scope_of(vector);
    struct signing_key *key = new_key(&access_key);
    arena_init(&arena, 65536);
    assert_true(signature_add(key, &scope, &arena, &request, &status));
    assert_int_equal(request.field_count, own_fields + json_object_size(fields));
    assert_fields(&request, fields);
    arena_clear(&arena);
    signing_key_free(key);
}

#define EXAMPLE_KEY                                                                                \
    ((struct access_key){text_literal("QTWAOYTTINDUT2QVKYUC"),                                     \
                         text_literal("MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc"),                 \
                         text_literal("")})

/* The example of the vendor's description of the algorithm. */
#define EXAMPLE_AUTHORIZATION                                                                      \
    "SDK-HMAC-SHA256 Access=QTWAOYTTINDUT2QVKYUC, SignedHeaders=content-type;host;x-sdk-date, "    \
    "Signature=7be6668032f70418fcc22abc52071e57aff61b84a1d2381bb430d6870f4f6ebe"

static const struct signature_scope example_scope = {
    .host = {"service.region.example.com", 26}, .project_id = {"", 0}, .seconds = 1573789015};

static struct http_request example_request(void)
{
    return (struct http_request){
        .method = text_literal("GET"),
        .target = text_literal("/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs?limit=2&marker="
                               "13551d6b-755d-4757-b956-536f674975c0"),
        .fields = {{.name = text_literal("Content-Type"),
                    .value = text_literal("application/json")}},
        .field_count = 1,
    };
}

static void the_example_of_the_documentation(void **state)
{
    (void)state;
    struct arena arena;
    struct status status;
    struct http_request request = example_request();
    struct signing_key *key = new_key(&EXAMPLE_KEY);
    arena_init(&arena, 4096);
    assert_true(signature_add(key, &example_scope, &arena, &request, &status));
    assert_field(&request, "Authorization", text_literal(EXAMPLE_AUTHORIZATION));
    assert_field(&request, "X-Sdk-Date", text_literal("20191115T033655Z"));
    arena_clear(&arena);
    signing_key_free(key);
}

static void blanks_around_the_project_are_not_signed(void **state)
{
    (void)state;
    struct arena arena;
    struct status status;
    struct http_request plain = example_request(), padded = plain;
    struct signature_scope scope = example_scope;
    struct signing_key *key = new_key(&EXAMPLE_KEY);
    arena_init(&arena, 4096);
    scope.project_id = text_literal("p1");
    assert_true(signature_add(key, &scope, &arena, &plain, &status));
    scope.project_id = text_literal(" p1\t");
    assert_true(signature_add(key, &scope, &arena, &padded, &status));
    assert_field(&padded, "X-Project-Id", text_literal("p1"));
    assert_field(&padded, "Authorization", plain.fields[plain.field_count - 1].value);
    arena_clear(&arena);
    signing_key_free(key);
}

static void a_signature_without_room_leaves_the_request_alone(void **state)
{
    (void)state;
    struct signing_key *key = new_key(&EXAMPLE_KEY);
    for (size_t limit = 0; limit < 8192; limit += 64) {
        struct arena arena;
        struct status status;
        struct http_request request = example_request();
        arena_init(&arena, limit);
        if (signature_add(key, &example_scope, &arena, &request, &status)) {
            assert_field(&request, "Authorization", text_literal(EXAMPLE_AUTHORIZATION));
        } else {
            assert_int_equal(status.code, STATUS_RESOURCE_EXHAUSTED);
            assert_int_equal(request.field_count, 1);
        }
        arena_clear(&arena);
    }
    signing_key_free(key);
}

static void a_request_that_is_full_is_refused(void **state)
{
    (void)state;
    struct arena arena;
    struct status status;
    struct http_request request = example_request();
    struct signing_key *key = new_key(&EXAMPLE_KEY);
    arena_init(&arena, 4096);
    request.field_count = HTTP_REQUEST_FIELDS - SIGNATURE_FIELDS + 1;
    for (size_t i = 1; i < request.field_count; i++)
        request.fields[i] =
            (struct http_field){.name = text_literal("A"), .value = text_literal("b")};
    assert_false(signature_add(key, &example_scope, &arena, &request, &status));
    assert_int_equal(status.code, STATUS_INTERNAL);
    assert_int_equal(request.field_count, HTTP_REQUEST_FIELDS - SIGNATURE_FIELDS + 1);
    arena_clear(&arena);
    signing_key_free(key);
}

static void *sign_often(void *key)
{
    for (unsigned i = 0; i < 2000; i++) {
        struct arena arena;
        struct status status;
        struct http_request request = example_request();
        arena_init(&arena, 4096);
        if (!signature_add(key, &example_scope, &arena, &request, &status) ||
            !text_equal(request.fields[request.field_count - 1].value,
                        text_literal(EXAMPLE_AUTHORIZATION)))
            return key;
        arena_clear(&arena);
    }
    return NULL;
}

static void threads_can_sign_with_one_key(void **state)
{
    (void)state;
    pthread_t threads[3];
    struct signing_key *key = new_key(&EXAMPLE_KEY);
    for (size_t i = 0; i < array_length(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, sign_often, key), 0);
    for (size_t i = 0; i < array_length(threads); i++) {
        void *result;
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_null(result); /* else a signature was wrong */
    }
    signing_key_free(key);
}

/* To be released by the caller. */
static json_t *load_vectors(void)
{
    json_error_t error;
    json_t *file = json_load_file(TESTS_DIR "/unit/credential/data/signatures.json", 0, &error);
    if (!file)
        fail_msg("%s", error.text);
    json_t *vectors = json_incref(json_object_get(file, "vectors"));
    assert_true(json_array_size(vectors) > 60);
    json_decref(file);
    return vectors;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_the_documentation),
        cmocka_unit_test(blanks_around_the_project_are_not_signed),
        cmocka_unit_test(a_signature_without_room_leaves_the_request_alone),
        cmocka_unit_test(a_request_that_is_full_is_refused),
        cmocka_unit_test(threads_can_sign_with_one_key),
    };
    json_t *vectors = load_vectors(), *vector;
    size_t i, count = json_array_size(vectors);
    struct CMUnitTest *rows = calloc(count, sizeof *rows);
    json_array_foreach(vectors, i, vector)
    {
        rows[i] = (struct CMUnitTest){.name = text_member(vector, "name").data,
                                      .test_func = fields_are_those_of_the_vendor,
                                      .initial_state = vector};
    }
    int failed = _cmocka_run_group_tests("vectors", rows, count, NULL, NULL);
    free(rows);
    json_decref(vectors);
    return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
