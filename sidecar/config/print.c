/* SPDX-License-Identifier: MIT */
#include "config/print.h"

#include <assert.h>
#include <string.h>

#include "config/options.h"
#include "config/value.h"

#include "base/banned.h"

static void add_blanks(size_t count, struct buffer *out)
{
    for (size_t i = 0; i < count; i++)
        buffer_add_char(out, ' ');
}

void print_wrapped(struct text text, size_t first, size_t others, struct buffer *out)
{
    size_t column = first;
    add_blanks(first, out);
    for (size_t at = 0; at < text.size;) {
        struct text word = {text.data + at, 0};
        while (at + word.size < text.size && word.data[word.size] != ' ')
            word.size++;
        size_t width = text_code_points(word);
        if (at > 0 && column + 1 + width > PRINT_COLUMNS) {
            buffer_add_char(out, '\n');
            add_blanks(others, out);
            column = others;
        } else if (at > 0) {
            buffer_add_char(out, ' ');
            column++;
        }
        buffer_add_text(out, word);
        column += width;
        at += word.size + 1;
    }
    buffer_add_char(out, '\n');
}

/* "--deadline DURATION (1ms to 24h; default 30s)" */
static void add_usage(const struct option *option, struct buffer *out)
{
    char flag[OPTION_SPELLED_BYTES];
    option_spell(option, ORIGIN_FLAG, flag);
    buffer_add_text(out, text_of(flag));
    if (!option->kind->argument)
        return;
    buffer_add_char(out, ' ');
    buffer_add_text(out, text_of(option->kind->argument));
    buffer_add_literal(out, " (");
    value_allowed(option, out);
    if (option->fallback) {
        buffer_add_literal(out, "; default ");
        buffer_add_text(out, text_of(option->fallback));
    }
    buffer_add_char(out, ')');
}

void print_option(const struct option *option, struct buffer *out)
{
    struct buffer usage;
    buffer_init(&usage, out->arena, 128);
    add_usage(option, &usage);
    print_wrapped(buffer_text(&usage), 2, 6, out);
    print_wrapped(text_of(option->meaning), 6, 6, out);
}

static bool begins_group(const struct option *options, size_t i)
{
    return options[i].group && (i == 0 || strcmp(options[i].group, options[i - 1].group) != 0);
}

void print_options(const struct option *options, size_t count, struct buffer *out)
{
    for (size_t i = 0; i < count; i++) {
        if (begins_group(options, i)) {
            buffer_add_text(out, i > 0 ? text_literal("\n") : text_literal(""));
            buffer_add_text(out, text_of(options[i].group));
            buffer_add_literal(out, ":\n");
        }
        print_option(&options[i], out);
    }
}

void config_write_help(struct buffer *out)
{
    print_options(config_options, config_option_count, out);
}

void config_write_option_help(const char *name, struct buffer *out)
{
    const struct option *option = NULL;
    for (size_t i = 0; i < config_option_count && !option; i++)
        if (strcmp(config_options[i].name, name) == 0)
            option = &config_options[i];
    assert(option);
    print_option(option, out);
}

/* At least one blank ends the column. */
static void end_column(size_t start, size_t width, struct buffer *out)
{
    size_t used = out->bytes - start;
    add_blanks(used < width ? width - used : 1, out);
}

void config_write_resolved(const struct config *config, struct buffer *out)
{
    static const char *const origins[] = {
        [ORIGIN_DEFAULT] = "default", [ORIGIN_VARIABLE] = "variable", [ORIGIN_FLAG] = "flag"};
    const struct config_memory *memory = config->owned;
    char flag[OPTION_SPELLED_BYTES];
    for (size_t i = 0; i < config_option_count; i++) {
        const struct option *option = &config_options[i];
        option_spell(option, ORIGIN_FLAG, flag);
        size_t start = out->bytes;
        buffer_add_text(out, text_of(flag));
        end_column(start, 28, out);
        option->kind->write(option, (const char *)config + option->member, out);
        end_column(start, 59, out);
        buffer_add_text(out, text_of(origins[memory->set.origins[i]]));
        buffer_add_char(out, '\n');
    }
}

static void add_row(const struct option *option, struct buffer *out)
{
    char flag[OPTION_SPELLED_BYTES];
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

void config_write_markdown(struct buffer *out)
{
    buffer_add_literal(out, "| option | default | meaning | allowed |\n|---|---|---|---|\n");
    for (size_t i = 0; i < config_option_count; i++) {
        if (begins_group(config_options, i)) {
            buffer_add_literal(out, "| **");
            buffer_add_text(out, text_of(config_options[i].group));
            buffer_add_literal(out, "** | | | |\n");
        }
        add_row(&config_options[i], out);
    }
}
