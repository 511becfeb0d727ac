/* SPDX-License-Identifier: MIT */
/* The option table in words: for --help, for /config and `check`, for README. */
#include <string.h>

#include "config/value.h"

#include "base/banned.h"

/* A space follows what is wider. */
static void add_column(struct buffer *out, const char *text, size_t width)
{
    size_t bytes = strlen(text);
    buffer_add(out, text, bytes);
    buffer_add_char(out, ' ');
    for (size_t i = bytes + 1; i < width; i++)
        buffer_add_char(out, ' ');
}

void config_write_help(struct buffer *out)
{
    char flag[OPTION_SPELLED_BYTES], variable[OPTION_SPELLED_BYTES];
    for (size_t i = 0; i < option_count; i++) {
        const struct option *option = &option_table[i];
        option_spell(option, ORIGIN_FLAG, flag);
        option_spell(option, ORIGIN_VARIABLE, variable);
        buffer_add_literal(out, "  ");
        add_column(out, flag, 28);
        add_column(out, variable, 40);
        add_column(out, option->fallback ? option->fallback : "-", 30);
        buffer_add_text(out, text_of(option->meaning));
        buffer_add_literal(out, " (");
        value_allowed(option, out);
        buffer_add_literal(out, ")\n");
    }
}

void config_write_resolved(const struct config *config, struct buffer *out)
{
    static const char *const origins[] = {
        [ORIGIN_DEFAULT] = "default", [ORIGIN_VARIABLE] = "variable", [ORIGIN_FLAG] = "flag"};
    const struct config_memory *memory = config->owned;
    char flag[OPTION_SPELLED_BYTES];
    for (size_t i = 0; i < option_count; i++) {
        option_spell(&option_table[i], ORIGIN_FLAG, flag);
        add_column(out, flag, 28);
        size_t start = out->bytes;
        value_write(&option_table[i], config, out);
        while (out->bytes - start < 30 && !out->full)
            buffer_add_char(out, ' ');
        buffer_add_char(out, ' ');
        buffer_add_text(out, text_of(origins[memory->origins[i]]));
        buffer_add_char(out, '\n');
    }
}

void config_write_markdown(struct buffer *out)
{
    char flag[OPTION_SPELLED_BYTES];
    buffer_add_literal(out, "| option | default | meaning | allowed |\n|---|---|---|---|\n");
    for (size_t i = 0; i < option_count; i++) {
        const struct option *option = &option_table[i];
        option_spell(option, ORIGIN_FLAG, flag);
        buffer_add_literal(out, "| `");
        buffer_add_text(out, text_of(flag));
        buffer_add_literal(out, "` | ");
        buffer_add_text(out, text_of(option->fallback ? option->fallback : "—"));
        buffer_add_literal(out, " | ");
        buffer_add_text(out, text_of(option->meaning));
        buffer_add_literal(out, " | ");
        value_allowed(option, out);
        buffer_add_literal(out, " |\n");
    }
}
