/* SPDX-License-Identifier: MIT */
/* Does a schema get the constraints of its types, or a message that names the one at fault? */
#include "constraint/attach.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "refusals.h"

static bool build(struct text set, struct schema **schema, struct status *status)
{
    struct schema *built;
    if (!schema_read(set, 0, &built, status))
        return false;
    constraint_attach(built);
    if (schema_serve(built, NULL, status)) {
        *schema = built;
        return true;
    }
    schema_free(built);
    return false;
}

static void a_type_knows_whether_it_or_what_it_holds_has_constraints(void **state)
{
    (void)state;
    struct schema *schema = NULL;
    struct status status;
    assert_true(build(schema_embedded(), &schema, &status));
    const struct schema_method *method = schema_method_find(schema, text_literal("CreateApiGroup"));
    assert_true(method->request->has_constraints);
    assert_non_null(sets_field(method->request, "name")->constraints);
    assert_null(sets_field(method->request, "version")->constraints);
    assert_true(method->response->has_constraints);
    const struct schema_message *domain =
        message_type(schema, text_literal("huaweicloud.apig.v2.UrlDomain"));
    assert_true(domain && !domain->has_constraints);
    schema_free(schema);
}

static void a_schema_without_constraints_attached_has_none(void **state)
{
    (void)state;
    struct schema *schema = NULL;
    struct status status;
    assert_true(schema_new(schema_embedded(), &schema, &status));
    const struct schema_method *method = schema_method_find(schema, text_literal("CreateApiGroup"));
    assert_false(method->request->has_constraints);
    assert_null(sets_field(method->request, "name")->constraints);
    schema_free(schema);
}

static void a_constraint_that_cannot_be_enforced_is_refused_with_its_place(void **state)
{
    (void)state;
    refusals_check("refused_constraints", 4, build);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_type_knows_whether_it_or_what_it_holds_has_constraints),
        cmocka_unit_test(a_schema_without_constraints_attached_has_none),
        cmocka_unit_test(a_constraint_that_cannot_be_enforced_is_refused_with_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
