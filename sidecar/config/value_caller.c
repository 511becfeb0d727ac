/* SPDX-License-Identifier: MIT */
/* The list of the callers that are served. */
#include "config/value.h"

#include <string.h>

#include "config/config.h"

#include "base/banned.h"

static bool read_callers(const struct option *option, const char *written, void *member,
                         struct arena *owned)
{
    (void)option;
    const struct config_caller **end = member;
    while (*end)
        end = (const struct config_caller **)(uintptr_t) & (*end)->next;
    for (;;) {
        struct text one = {written, strcspn(written, ",")};
        struct config_caller *caller = arena_alloc(owned, sizeof *caller);
        if (!caller || !config_caller_parse(one, owned, caller))
            return false;
        *end = caller;
        end = &caller->next;
        if (written[one.size] == '\0')
            return true;
        written += one.size + 1;
    }
}

static void write_callers(const struct option *option, const void *member, struct buffer *out)
{
    (void)option;
    const struct config_caller *caller = *(const struct config_caller *const *)member;
    if (!caller)
        buffer_add_char(out, '-');
    for (; caller; caller = caller->next) {
        buffer_add_text(out, text_of(config_caller_prefix(caller->kind)));
        buffer_add_text(out, caller->pattern);
        if (caller->next)
            buffer_add_char(out, ',');
    }
}

static void clear_callers(void *member)
{
    *(const struct config_caller **)member = NULL;
}

const struct value_kind value_callers = {
    .argument = "CALLER,...",
    .allowed = "spiffe://domain/path with * within a segment, *.dns.name with * within a label, "
               "uid:number or gid:number, separated by commas",
    .read = read_callers,
    .write = write_callers,
    .clear = clear_callers};
