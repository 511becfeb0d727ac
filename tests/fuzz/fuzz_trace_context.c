/* SPDX-License-Identifier: MIT */
/*
 * Is a trace header accepted when, and only when, regular expressions that were written from the
 * standards accept it? The first line is the header's name, the rest its value. The trace id is a
 * part of the value, and the value is put together of its parts again.
 */
#include <assert.h>
#include <regex.h>
#include <stdint.h>
#include <stdlib.h>

#include "pipeline/trace_context.h"

#include "base/banned.h"

#define ID(digits) "([0-9a-f]{" digits "})"
#define B3 "(" ID("32") "|" ID("16") ")-" ID("16") "(-[01d](-" ID("16") ")?)?"

/* Ids of zeros alone are looked for besides. W3C Trace Context; openzipkin/b3-propagation. */
static const struct {
    const char *name, *pattern;
} forms[] = {
    {"traceparent", "^(00-" ID("32") "-" ID("16") "-[0-9a-f]{2}"
                                                  "|([1-9a-f][0-9a-f]|0[1-9a-f])-" ID("32") "-" ID(
                                                      "16") "-[0-9a-f]{2}(-[ -~]*)?)$"},
    {"b3", "^([01d]|" B3 ")$"},
    {"x-b3-traceid", "^(" ID("32") "|" ID("16") ")$"},
    {"x-b3-spanid", "^" ID("16") "$"},
    {"x-b3-parentspanid", "^" ID("16") "$"},
    {"x-b3-sampled", "^(0|1|true|false)$"},
    {"x-b3-flags", "^[01]$"},
};

static regex_t *compiled(size_t index)
{
    static regex_t patterns[array_length(forms)];
    static bool is_compiled[array_length(forms)];
    if (!is_compiled[index] && regcomp(&patterns[index], forms[index].pattern, REG_EXTENDED) != 0)
        abort();
    is_compiled[index] = true;
    return &patterns[index];
}

static bool is_zero(const char *value, regmatch_t part)
{
    for (regoff_t i = part.rm_so; i < part.rm_eo; i++)
        if (value[i] != '0')
            return false;
    return true;
}

/* Ids are the groups of 16 and of 32 digits. */
static bool is_expected(size_t index, const char *value)
{
    regmatch_t parts[12];
    if (regexec(compiled(index), value, array_length(parts), parts, 0) != 0)
        return false;
    for (size_t i = 1; i < array_length(parts); i++) {
        regoff_t size = parts[i].rm_eo - parts[i].rm_so;
        bool is_id = parts[i].rm_so >= 0 && (size == 16 || size == 32) &&
                     strspn(value + parts[i].rm_so, "0123456789abcdef") >= (size_t)size;
        if (is_id && is_zero(value, parts[i]))
            return false;
    }
    return index != 0 || memcmp(value, "ff", 2) != 0;
}

/* A tracestate that is accepted is so again without blanks and empty members. */
static void check_tracestate(struct text value)
{
    char packed[4096];
    size_t used = 0;
    struct text id = {NULL, 0};
    for (size_t i = 0; i < value.size; i++)
        if (used > 0 || (value.data[i] != ',' && value.data[i] != ' ' && value.data[i] != '\t'))
            packed[used++] = value.data[i];
    bool again = trace_context_read(text_literal("tracestate"), (struct text){packed, used}, &id);
    assert(again && id.size == 0);
}

static void check_id(struct text value, struct text id)
{
    assert(id.data >= value.data && id.data + id.size <= value.data + value.size);
    assert(id.size == 32 || id.size == 16);
    assert(id.data == value.data || id.data == value.data + 3);
    for (size_t i = 0; i < id.size; i++)
        assert(strchr("0123456789abcdef", id.data[i]));
}

static void check(struct text name, struct text value)
{
    struct text id = {NULL, 0};
    char terminated[4096];
    bool good = trace_context_read(name, value, &id);
    if (id.size > 0)
        check_id(value, id);
    if (good && text_equal(name, text_literal("tracestate")))
        check_tracestate(value);
    if (value.size >= sizeof terminated || (value.size && memchr(value.data, '\0', value.size)))
        return;
    memcpy(terminated, value.data, value.size);
    terminated[value.size] = '\0';
    for (size_t i = 0; i < array_length(forms); i++)
        if (text_equal(name, text_of(forms[i].name)))
            assert(good == is_expected(i, terminated));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *line = size ? memchr(data, '\n', size) : NULL;
    size_t name = line ? (size_t)(line - (const char *)data) : 0;
    if (line && size < 4096)
        check((struct text){(const char *)data, name}, (struct text){line + 1, size - name - 1});
    return 0;
}
