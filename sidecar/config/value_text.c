/* SPDX-License-Identifier: MIT */
/* Texts, paths of files, URLs and regions. */
#include "config/value.h"

#include "base/ascii.h"
#include "config/url.h"

#include "base/banned.h"

static bool keep(struct text text, void *member, struct arena *owned)
{
    const char *copy = arena_copy(owned, text.data, text.size);
    if (copy)
        *(const char **)member = copy;
    return copy;
}

/* Control characters are refused because a variable that was made from a file often ends in a
 * newline, which no name or path has. */
static bool read_text(const struct option *option, const char *written, void *member,
                      struct arena *owned)
{
    (void)option;
    for (const char *c = written; *c; c++)
        if (ascii_is_control(*c))
            return false;
    return keep(text_of(written), member, owned);
}

static bool read_upstream(const struct option *option, const char *written, void *member,
                          struct arena *owned)
{
    (void)option;
    struct text url;
    return url_is_upstream(text_of(written), &url) && keep(url, member, owned);
}

static bool read_proxy(const struct option *option, const char *written, void *member,
                       struct arena *owned)
{
    (void)option;
    return url_is_proxy(text_of(written)) && keep(text_of(written), member, owned);
}

static bool read_node(const struct option *option, const char *written, void *member,
                      struct arena *owned)
{
    (void)option;
    struct text rest;
    return url_is_node(text_of(written), &rest) && rest.size == 0 &&
           keep(text_of(written), member, owned);
}

static bool read_region(const struct option *option, const char *written, void *member,
                        struct arena *owned)
{
    (void)option;
    return url_is_region(text_of(written)) && keep(text_of(written), member, owned);
}

static void write_text(const struct option *option, const void *member, struct buffer *out)
{
    (void)option;
    const char *text = *(const char *const *)member;
    buffer_add_text(out, text_of(text ? text : "-"));
}

static void clear_text(void *member)
{
    *(const char **)member = NULL;
}

const struct value_kind value_text = {.argument = "TEXT",
                                      .allowed = "text without control characters",
                                      .read = read_text,
                                      .write = write_text,
                                      .clear = clear_text};

const struct value_kind value_file = {.argument = "FILE",
                                      .allowed = "path of a readable file",
                                      .read = read_text,
                                      .write = write_text,
                                      .clear = clear_text};

const struct value_kind value_folder = {.argument = "PATH",
                                        .allowed = "path of a readable folder or file",
                                        .read = read_text,
                                        .write = write_text,
                                        .clear = clear_text};

const struct value_kind value_upstream = {
    .argument = "URL",
    .allowed = "https://host[:port][/prefix], without user, query or fragment",
    .read = read_upstream,
    .write = write_text,
    .clear = clear_text};

const struct value_kind value_proxy = {.argument = "URL",
                                       .allowed = "http://host:port, without user",
                                       .read = read_proxy,
                                       .write = write_text,
                                       .clear = clear_text};

const struct value_kind value_node = {.argument = "URL",
                                      .allowed = "http://address[:port], loopback or link-local",
                                      .read = read_node,
                                      .write = write_text,
                                      .clear = clear_text};

const struct value_kind value_region = {.argument = "REGION",
                                        .allowed = "name of a region, such as cn-north-4",
                                        .read = read_region,
                                        .write = write_text,
                                        .clear = clear_text};
