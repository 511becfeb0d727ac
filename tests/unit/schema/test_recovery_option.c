/* SPDX-License-Identifier: MIT */
/* Is the recovery option of a .proto file resolved to the methods and fields that it names? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "schema/recovery_option.h"

static const struct schema_method *method_of(const struct schema *schema, const char *name)
{
    const struct schema_method *method = schema_method_find(schema, text_of(name));
    assert_non_null(method);
    return method;
}

static const struct schema_field *field_of(const struct schema_message *message, const char *name)
{
    const struct schema_field *field = schema_field_by_name(message, text_of(name));
    assert_non_null(field);
    return field;
}

static int load(void **state)
{
    struct status status;
    struct schema *schema;
    if (!schema_new(schema_embedded(), &schema, &status))
        fail_msg("%s", status.message);
    *state = schema;
    return 0;
}

static int unload(void **state)
{
    schema_free(*state);
    return 0;
}

static void the_option_is_resolved(void **state)
{
    const struct schema_method *create = method_of(*state, "CreateApiGroup"),
                               *list = method_of(*state, "ListApiGroups");
    const struct schema_recovery *recovery = create->recovery;
    assert_non_null(recovery);
    assert_string_equal(recovery->lookup->path, list->path);
    assert_ptr_equal(recovery->list, field_of(list->response, "groups"));
    assert_ptr_equal(recovery->total, field_of(list->response, "total"));
    assert_ptr_equal(recovery->wanted, field_of(create->request, "name"));
    assert_ptr_equal(recovery->match, field_of(create->response, "name"));
    assert_ptr_equal(recovery->created, field_of(create->response, "register_time"));
    assert_int_equal(recovery->constant_count, 1);
    assert_ptr_equal(recovery->constants[0].field, field_of(list->request, "precise_search"));
    assert_true(text_equal(recovery->constants[0].value, text_literal("name")));
}

static void fields_of_the_same_name_are_copied(void **state)
{
    static const char *const names[] = {"project_id", "instance_id", "name"};
    const struct schema_method *create = method_of(*state, "CreateApiGroup");
    const struct schema_recovery *recovery = create->recovery;
    assert_int_equal(recovery->copy_count, array_length(names));
    for (size_t i = 0; i < array_length(names); i++) {
        assert_ptr_equal(recovery->copies[i].from, field_of(create->request, names[i]));
        assert_ptr_equal(recovery->copies[i].to, field_of(recovery->lookup->request, names[i]));
    }
}

static void a_look_up_of_another_service_needs_no_time_and_no_total(void **state)
{
    const struct schema_method *associate = method_of(*state, "AssociateDomain"),
                               *show = method_of(*state, "ShowDetailsOfApiGroup");
    const struct schema_recovery *recovery = associate->recovery;
    assert_non_null(recovery);
    assert_string_equal(recovery->lookup->path, show->path);
    assert_ptr_equal(recovery->list, field_of(show->response, "url_domains"));
    assert_ptr_equal(recovery->wanted, field_of(associate->request, "url_domain"));
    assert_ptr_equal(recovery->match, field_of(recovery->list->message, "domain"));
    assert_null(recovery->total);
    assert_null(recovery->created);
}

static void a_method_without_the_option_has_none(void **state)
{
    assert_null(method_of(*state, "ListApiGroups")->recovery);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_option_is_resolved),
        cmocka_unit_test(fields_of_the_same_name_are_copied),
        cmocka_unit_test(a_look_up_of_another_service_needs_no_time_and_no_total),
        cmocka_unit_test(a_method_without_the_option_has_none),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
