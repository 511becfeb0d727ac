/* SPDX-License-Identifier: MIT */
/*
 * Is what an option accepts the same when it is written and read again? The first line is an
 * option's name, the rest its value. A refusal names what is allowed in one line of text.
 */
#include <assert.h>
#include <stdlib.h>

#include "config/options.h"
#include "config/value.h"

#include "base/banned.h"

static bool read_and_write(const struct option *option, const char *value, struct arena *arena,
                           struct text *written)
{
    struct status status;
    struct buffer out;
    struct config config = {.listen_count = 0};
    void *member = (char *)&config + option->member;
    if (!value_read(option, value, member, arena, &status)) {
        struct text message = text_of(status.message);
        assert(status.code == STATUS_INVALID_ARGUMENT && message.size > 0);
        for (size_t i = 0; i < message.size; i++)
            assert((unsigned char)message.data[i] >= ' ');
        assert(!strchr(value, '@') || !strstr(status.message, value) || strstr("…@…", value));
        return false;
    }
    buffer_init(&out, arena, 64);
    option->kind->write(option, member, &out);
    buffer_add_char(&out, '\0');
    assert(!out.full);
    *written = (struct text){out.at, out.bytes - 1};
    return true;
}

static void check(const struct option *option, const char *value)
{
    struct arena arena;
    struct text once, twice;
    arena_init(&arena, 1 << 20);
    if (read_and_write(option, value, &arena, &once)) {
        bool again = read_and_write(option, once.data, &arena, &twice);
        assert(again && text_equal(once, twice));
    }
    arena_clear(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *line = size ? memchr(data, '\n', size) : NULL;
    size_t name = line ? (size_t)(line - (const char *)data) : 0;
    if (!line || name + 1 == size || memchr(line + 1, '\0', size - name - 1))
        return 0;
    char *value = strndup(line + 1, size - name - 1);
    assert(value);
    for (size_t i = 0; i < config_option_count; i++)
        if (text_equal((struct text){(const char *)data, name}, text_of(config_options[i].name)))
            check(&config_options[i], value);
    free(value);
    return 0;
}
