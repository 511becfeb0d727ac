/* SPDX-License-Identifier: MIT */
/* Does a request follow the first binding of its method that the message fits? */
#include "rest/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "lines.h"
#include "sets.h"

static struct sets served;

static bool encode(const char *name, const char *lines, struct arena *arena,
                   struct http_request *request, struct status *status)
{
    const struct schema_method *method = schema_method_find(served.schema, text_of(name));
    return request_encode(method, lines_message(method->request, lines, arena),
                          text_literal("/prefix"), arena, request, status);
}

static void the_first_binding_that_fits_is_used(void **state)
{
    (void)state;
    static const struct {
        const char *lines, *method, *target, *body;
    } rows[] = {
        {"id=a/b", "GET", "/prefix/v1/mixed/a/b", ""},
        {"id=a/b\npart.name=x", "GET", "/prefix/v1/mixed/a/b?part.name=x", ""},
        {"id=b/b\npart.name=x", "DELETE", "/prefix/v1/mixed/parts/x?id=b%2Fb", ""},
        {"part.name=x", "DELETE", "/prefix/v1/mixed/parts/x", ""},
        {"id=b/b", "POST", "/prefix/v1/mixed", "{\"id\":\"b/b\"}"},
        {"part=", "POST", "/prefix/v1/mixed", "{\"part\":{}}"},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        struct arena arena;
        struct http_request request;
        struct status status = {.code = STATUS_OK};
        arena_init(&arena, 1 << 16);
        if (!encode("Mixed", rows[i].lines, &arena, &request, &status))
            fail_msg("%s: %s", rows[i].lines, status.message);
        assert_int_equal(status.code, STATUS_OK);
        assert_true(text_equal(request.method, text_of(rows[i].method)));
        if (!text_equal(request.target, text_of(rows[i].target)))
            fail_msg("%.*s is not %s", text_arguments(request.target), rows[i].target);
        assert_true(text_equal(request.body, text_of(rows[i].body)));
        assert_int_equal(request.has_body, rows[i].body[0] != '\0');
        arena_clear(&arena);
    }
}

static void a_message_that_fits_no_binding_is_refused_as_by_the_first(void **state)
{
    (void)state;
    struct arena arena;
    struct http_request request;
    struct status status;
    arena_init(&arena, 1 << 16);
    assert_false(encode("Several", "id=..", &arena, &request, &status));
    assert_int_equal(status.code, STATUS_INVALID_ARGUMENT);
    assert_ptr_equal(strstr(status.message, "id: must not be"), status.message);
    arena_clear(&arena);
}

static int load(void **state)
{
    (void)state;
    struct status status;
    served.bytes = sets_read(SETS_DIR, "protos/served.binpb");
    return schema_new(served.bytes, &served.schema, &status) ? 0 : -1;
}

static int unload(void **state)
{
    (void)state;
    sets_clear(&served);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_binding_that_fits_is_used),
        cmocka_unit_test(a_message_that_fits_no_binding_is_refused_as_by_the_first),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
