/* SPDX-License-Identifier: MIT */
/* The option table in words: for --help, for /config and `check`, for README. */
#include <string.h>

#include "config/config.h"
#include "config/options.h"

#include "base/banned.h"

static const char *const origin_words[] = {
    [ORIGIN_DEFAULT] = "default", [ORIGIN_VARIABLE] = "variable", [ORIGIN_FLAG] = "flag"};

static void add_padded(struct buffer *out, struct text text, size_t width)
{
    buffer_add_text(out, text);
    for (size_t i = text.bytes; i < width; i++)
        buffer_add_char(out, ' ');
}

static struct text fallback_of(const struct option *option)
{
    return option->fallback ? text_of(option->fallback) : text_literal("-");
}

void config_write_help(struct buffer *out)
{
    char variable[OPTION_VARIABLE_BYTES];
    for (size_t i = 0; i < option_count; i++) {
        const struct option *option = &option_table[i];
        option_variable(option, variable);
        buffer_add_literal(out, "  --");
        add_padded(out, text_of(option->name), 26);
        add_padded(out, text_of(variable), 40);
        add_padded(out, fallback_of(option), 30);
        buffer_add_text(out, text_of(option->meaning));
        buffer_add_literal(out, " (");
        option_allowed(option, out);
        buffer_add_literal(out, ")\n");
    }
}

void config_write_resolved(const struct config *config, struct buffer *out)
{
    const struct config_memory *memory = config->owned;
    for (size_t i = 0; i < option_count; i++) {
        const char *value = memory->given[i].value;
        buffer_add_literal(out, "--");
        add_padded(out, text_of(option_table[i].name), 26);
        add_padded(out, value ? text_of(value) : text_literal("-"), 30);
        buffer_add_char(out, ' ');
        buffer_add_text(out, text_of(origin_words[memory->given[i].origin]));
        buffer_add_char(out, '\n');
    }
}

void config_write_markdown(struct buffer *out)
{
    buffer_add_literal(out, "| option | default | meaning | allowed |\n|---|---|---|---|\n");
    for (size_t i = 0; i < option_count; i++) {
        const struct option *option = &option_table[i];
        buffer_add_literal(out, "| `--");
        buffer_add_text(out, text_of(option->name));
        buffer_add_literal(out, "` | ");
        buffer_add_text(out, option->fallback ? text_of(option->fallback) : text_literal("—"));
        buffer_add_literal(out, " | ");
        buffer_add_text(out, text_of(option->meaning));
        buffer_add_literal(out, " | ");
        option_allowed(option, out);
        buffer_add_literal(out, " |\n");
    }
}
