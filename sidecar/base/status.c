/* SPDX-License-Identifier: MIT */
#include "base/status.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#include "base/banned.h"

static const char *const code_names[] = {
#define STATUS_CODE(number, name) [number] = #name,
    STATUS_CODES(STATUS_CODE)
#undef STATUS_CODE
};

void status_clear(struct status *status)
{
    status->code = STATUS_OK;
    status->message[0] = '\0';
}

void status_set(struct status *status, enum status_code code, const char *format, ...)
{
    assert(code != STATUS_OK);
    va_list arguments;
    va_start(arguments, format);
    status->code = code;
    text_format(status->message, sizeof status->message, format, arguments);
    va_end(arguments);
}

void status_prepend(struct status *status, const char *format, ...)
{
    char inner[STATUS_MESSAGE_BYTES];
    memcpy(inner, status->message, sizeof inner);
    va_list arguments;
    va_start(arguments, format);
    text_format(status->message, sizeof status->message, format, arguments);
    va_end(arguments);

    size_t used = strlen(status->message);
    size_t room = sizeof status->message - used;
    int wanted = snprintf(status->message + used, room, ": %s", inner);
    if (wanted > 0 && (size_t)wanted >= room)
        status->message[text_cut((struct text){status->message, sizeof status->message - 1},
                                 sizeof status->message - 2)] = '\0';
}

const char *status_code_name(enum status_code code)
{
    return (size_t)code < array_length(code_names) ? code_names[code] : "UNKNOWN";
}
