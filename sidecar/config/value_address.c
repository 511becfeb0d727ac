/* SPDX-License-Identifier: MIT */
/* One address, and the list of the addresses to listen on. */
#include "config/value.h"

#include <string.h>

#include "config/config.h"

#include "base/banned.h"

#define ADDRESS_FORMS "host:port, [IPv6]:port or unix:/path"

static bool read_address(const struct option *option, const char *written, void *member,
                         struct arena *owned)
{
    (void)option;
    return config_address_parse(text_of(written), owned, member);
}

static bool read_local_address(const struct option *option, const char *written, void *member,
                               struct arena *owned)
{
    struct address address;
    if (!read_address(option, written, &address, owned) || !config_address_is_local(&address))
        return false;
    *(struct address *)member = address;
    return true;
}

static void write_address(const struct option *option, const void *member, struct buffer *out)
{
    (void)option;
    config_address_write(member, out);
}

static bool read_listeners(const struct option *option, const char *written, void *member,
                           struct arena *owned)
{
    struct config *config = (void *)((char *)member - option->member);
    for (;;) {
        struct text one = {written, strcspn(written, ",")};
        if (config->listen_count == CONFIG_LISTENERS ||
            !config_address_parse(one, owned, &config->listen[config->listen_count]))
            return false;
        config->listen_count++;
        if (written[one.size] == '\0')
            return true;
        written += one.size + 1;
    }
}

static void write_listeners(const struct option *option, const void *member, struct buffer *out)
{
    const struct config *config = (const void *)((const char *)member - option->member);
    for (size_t i = 0; i < config->listen_count; i++) {
        if (i > 0)
            buffer_add_char(out, ',');
        config_address_write(&config->listen[i], out);
    }
}

static void clear_listeners(void *member)
{
    container_of(member, struct config, listen)->listen_count = 0;
}

const struct value_kind value_address = {
    .argument = "ADDRESS", .allowed = ADDRESS_FORMS, .read = read_address, .write = write_address};

const struct value_kind value_local_address = {
    .argument = "ADDRESS",
    .allowed = "a loopback host:port or [IPv6]:port, or unix:/path",
    .read = read_local_address,
    .write = write_address};

const struct value_kind value_listeners = {.argument = "ADDRESS,...",
                                           .allowed = "at most 16 of " ADDRESS_FORMS
                                                      ", separated by commas",
                                           .read = read_listeners,
                                           .write = write_listeners,
                                           .clear = clear_listeners};

_Static_assert(CONFIG_LISTENERS == 16, "the text of the allowed values has this number");
