/* SPDX-License-Identifier: MIT */
#include "schema/query_fit.h"

#include <assert.h>

#include "schema/spread.h"

#include "base/banned.h"

/* Of the well-known types those fit whose JSON is one text or number. */
static bool fits_by_itself(const struct schema_field *field)
{
    static const bool fitting[] = {
        [WELL_KNOWN_NONE] = true,        [WELL_KNOWN_ANY] = false,
        [WELL_KNOWN_DURATION] = true,    [WELL_KNOWN_FIELD_MASK] = true,
        [WELL_KNOWN_LIST_VALUE] = false, [WELL_KNOWN_STRUCT] = false,
        [WELL_KNOWN_TIMESTAMP] = true,   [WELL_KNOWN_VALUE] = false,
        [WELL_KNOWN_WRAPPER] = true,
    };
    return field->type != FIELD_MESSAGE ||
           (!schema_is_list(field) && fitting[field->message->well_known]);
}

static void note_by_itself(struct spread *spread, struct schema_message *message)
{
    for (size_t i = 0; i < message->field_count && !message->misfit.field; i++)
        if (!fits_by_itself(&message->fields[i]))
            message->misfit = (struct schema_misfit){message, &message->fields[i]};
    if (message->misfit.field)
        spread_add(spread, message);
}

static bool reach(struct schema_message *holder, const struct schema_message *held)
{
    if (holder->misfit.field)
        return false;
    holder->misfit = held->misfit;
    return true;
}

static struct schema_misfit misfit_of(const struct schema_message *message,
                                      const struct schema_field *field)
{
    if (!fits_by_itself(field))
        return (struct schema_misfit){message, field};
    return field->type == FIELD_MESSAGE ? field->message->misfit : (struct schema_misfit){0};
}

static void note_fields(struct schema_message *message)
{
    size_t noted = 0;
    for (size_t i = 0; i < message->field_count && noted < SCHEMA_MISFITS; i++)
        if (misfit_of(message, &message->fields[i]).field)
            message->misfits[noted++] = &message->fields[i];
}

void query_fit_note(const struct schema_type *types, size_t count)
{
    struct spread spread = {.reach = reach};
    for (size_t i = 0; i < count; i++)
        note_by_itself(&spread, types[i].message);
    spread_run(&spread);
    for (size_t i = 0; i < count; i++)
        note_fields(types[i].message);
}

bool query_fit_check(const struct schema_message *request, const struct schema_field *body,
                     struct status *status)
{
    for (size_t i = 0; i < SCHEMA_MISFITS && request->misfits[i]; i++) {
        if (request->misfits[i] == body)
            continue;
        const struct schema_misfit misfit = misfit_of(request, request->misfits[i]);
        assert(misfit.message && misfit.field);
        return status_fail(status, STATUS_INVALID_ARGUMENT, "%.*s.%.*s cannot be a query parameter",
                           text_arguments(misfit.message->full_name),
                           text_arguments(misfit.field->name));
    }
    return true;
}
