/* SPDX-License-Identifier: MIT */
#include "rest/served.h"

#include "constraint/attach.h"

#include "base/banned.h"

bool served_open(const struct served_settings *settings, struct arena *arena,
                 struct schema **schema, struct status *status)
{
    struct schema *opened;
    const char *file = settings->descriptor_set;
    if (!schema_open(file, arena, &opened, status))
        return false;
    constraint_attach(opened);
    fill_attach(opened, &settings->values);
    if (schema_serve(opened, settings->patterns, status)) {
        *schema = opened;
        return true;
    }
    schema_free(opened);
    return file ? status_wrap(status, "%s", file) : false;
}
