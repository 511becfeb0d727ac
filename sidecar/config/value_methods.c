/* SPDX-License-Identifier: MIT */
/* The list of the methods that are served. */
#include "config/value.h"

#include <string.h>

#include "base/text_list.h"

#include "base/banned.h"

static bool is_service(struct text name)
{
    struct text part;
    for (bool more = true; more;) {
        more = text_take_part(&name, '.', &part);
        if (!text_is_identifier(part))
            return false;
    }
    return true;
}

/* An asterisk stands for each method of the service. */
static bool is_pattern(struct text pattern)
{
    struct text service;
    return text_take_until(&pattern, '/', &service) && is_service(service) &&
           (text_is_identifier(pattern) || text_equal(pattern, text_literal("*")));
}

static bool add(struct text pattern, const struct text_list ***end, struct arena *owned)
{
    struct text_list *added = arena_alloc(owned, sizeof *added);
    char *kept = arena_copy(owned, pattern.data, pattern.size);
    if (!added || !kept || !is_pattern(pattern))
        return false;
    *added = (struct text_list){NULL, {kept, pattern.size}};
    **end = added;
    *end = &added->next;
    return true;
}

static bool read_methods(const struct option *option, const char *written, void *member,
                         struct arena *owned)
{
    (void)option;
    const struct text_list **end = member;
    struct text rest = text_of(written), pattern;
    while (*end)
        end = (const struct text_list **)(uintptr_t) & (*end)->next;
    for (bool more = true; more;) {
        more = text_take_part(&rest, ',', &pattern);
        if (!add(pattern, &end, owned))
            return false;
    }
    return true;
}

static void write_methods(const struct option *option, const void *member, struct buffer *out)
{
    (void)option;
    const struct text_list *pattern = *(const struct text_list *const *)member;
    if (!pattern)
        buffer_add_char(out, '-');
    for (; pattern; pattern = pattern->next) {
        buffer_add_text(out, pattern->text);
        if (pattern->next)
            buffer_add_char(out, ',');
    }
}

static void clear_methods(void *member)
{
    *(const struct text_list **)member = NULL;
}

const struct value_kind value_methods = {
    .argument = "METHOD,...",
    .allowed = "pkg.Service/Method or pkg.Service/*, separated by commas",
    .read = read_methods,
    .write = write_methods,
    .clear = clear_methods};
