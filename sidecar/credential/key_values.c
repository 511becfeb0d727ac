/* SPDX-License-Identifier: MIT */
#include "credential/key_values.h"

#include <stddef.h>

#include "base/ascii.h"

#include "base/banned.h"

/* The values that are read, in files and in sections. */
static const struct value {
    const char *name;
    size_t at; /* of its text in struct issued */
    size_t most_bytes;
    bool is_required;
} values[] = {
    {"ak", offsetof(struct issued, access), KEY_BYTES, true},
    {"sk", offsetof(struct issued, secret), KEY_BYTES, true},
    {"security_token", offsetof(struct issued, security), CREDENTIAL_BYTES, false},
    {"project_id", offsetof(struct issued, project), ISSUED_PROJECT_BYTES, false},
};

static struct text text_at(const struct issued *issued, const struct value *value)
{
    return *(const struct text *)((const char *)issued + value->at);
}

/* No value of the vendor's has a quotation mark or a comma. Quotation marks are left by people, and
 * a comma ends the access key where it is sent. */
static bool is_mark(char c)
{
    return c == '"' || c == '\'' || c == ',';
}

static bool has_mark(struct text text)
{
    for (size_t i = 0; i < text.size; i++)
        if (is_mark(text.data[i]))
            return true;
    return false;
}

static bool check_value(const struct value *value, struct text text, struct status *status)
{
    if (text.size > value->most_bytes)
        return status_fail(status, STATUS_UNAVAILABLE, "%s is longer than %zu bytes", value->name,
                           value->most_bytes);
    if (!text_consists_of(text, ascii_is_visible))
        return status_fail(status, STATUS_UNAVAILABLE,
                           "%s has a character that is not visible ASCII; write the value alone, "
                           "without a comment behind it",
                           value->name);
    if (has_mark(text))
        return status_fail(status, STATUS_UNAVAILABLE,
                           "%s has a quotation mark or a comma; write the value without them",
                           value->name);
    return true;
}

bool key_values_check(const struct issued *issued, struct status *status)
{
    for (size_t i = 0; i < array_length(values); i++) {
        struct text text = text_at(issued, &values[i]);
        if (values[i].is_required && text.size == 0)
            return status_fail(status, STATUS_UNAVAILABLE, "%s is missing or empty",
                               values[i].name);
        if (!check_value(&values[i], text, status))
            return false;
    }
    return true;
}

static const struct value *find_value(struct text name)
{
    for (size_t i = 0; i < array_length(values); i++)
        if (text_equal_nocase(name, text_of(values[i].name)))
            return &values[i];
    return NULL;
}

static bool is_separator(char c)
{
    return c == '=' || c == ':';
}

static bool is_no_separator(char c)
{
    return !is_separator(c);
}

static bool read_value(struct text line, size_t number, struct issued *issued,
                       struct status *status)
{
    struct text name = text_take_while(&line, is_no_separator);
    if (line.size == 0)
        return status_fail(status, STATUS_UNAVAILABLE, "line %zu is not of the form name = value",
                           number);
    const struct value *value = find_value(text_trim(name));
    if (!value)
        return true;
    struct text *text = (struct text *)((char *)issued + value->at);
    if (text->data)
        return status_fail(status, STATUS_UNAVAILABLE, "%s stands in [basic] twice", value->name);
    *text = text_trim(text_skip(line, 1));
    return true;
}

/* Takes a line without its end and without blanks around it. */
static struct text take_line(struct text *file)
{
    struct text line;
    text_take_part(file, '\n', &line);
    if (line.size > 0 && line.data[line.size - 1] == '\r')
        line.size--;
    return text_trim(line);
}

static bool is_comment(struct text line)
{
    return line.size == 0 || line.data[0] == '#' || line.data[0] == ';';
}

static bool is_basic_section(struct text heading)
{
    return text_equal(text_trim(text_until(text_skip(heading, 1), ']')), text_literal("basic"));
}

bool key_values_parse(struct text file, struct issued *issued, struct status *status)
{
    struct issued read = {.kind = ISSUED_KEY};
    bool is_basic = false, had_basic = false;
    (void)text_take_prefix(&file, text_literal("\xEF\xBB\xBF"));
    for (size_t number = 1; file.size > 0; number++) {
        struct text line = take_line(&file);
        if (is_comment(line))
            continue;
        if (line.data[0] == '[')
            is_basic = is_basic_section(line);
        else if (is_basic && !read_value(line, number, &read, status))
            return false;
        had_basic = had_basic || is_basic;
    }
    if (!had_basic)
        return status_fail(status, STATUS_UNAVAILABLE,
                           "the file has no section [basic] with ak and sk");
    if (!key_values_check(&read, status))
        return false;
    *issued = read;
    return true;
}
