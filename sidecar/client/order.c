/* SPDX-License-Identifier: MIT */
#include "client/order.h"

#include <string.h>

#include "base/file.h"
#include "config/config.h"

#include "base/banned.h"

#define MESSAGE_BYTES (64U << 20)

static bool set_target(struct order *order, const char *value, struct arena *arena,
                       struct status *status)
{
    struct config_address address = {0};
    struct buffer target;
    if (!config_address_parse(text_of(value), &address, status))
        return false;
    buffer_init(&target, arena, 64);
    buffer_add_text(&target, address.unix_path ? text_literal("") : text_literal("dns:"));
    buffer_add_text(&target, text_of(value));
    buffer_add_char(&target, '\0');
    config_address_clear(&address);
    order->target = target.at;
    return true;
}

static bool set_deadline(struct order *order, const char *value, struct arena *arena,
                         struct status *status)
{
    (void)arena;
    return config_duration_parse(text_of(value), &order->deadline_ns, status);
}

static bool add_metadata(struct order *order, const char *value, struct arena *arena,
                         struct status *status)
{
    const char *equals = strchr(value, '=');
    if (!equals || equals == value || order->metadata_count == ORDER_METADATA)
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "\"%.200s\": allowed is name=value, at most %d times", value,
                           ORDER_METADATA);
    const char *name = arena_copy(arena, value, (size_t)(equals - value));
    if (!name)
        return status_fail(status, STATUS_RESOURCE_EXHAUSTED, "no memory left");
    order->metadata[order->metadata_count].name = name;
    order->metadata[order->metadata_count++].value = equals + 1;
    return true;
}

static bool set_descriptor_set(struct order *order, const char *value, struct arena *arena,
                               struct status *status)
{
    (void)arena, (void)status;
    order->descriptor_set = value;
    return true;
}

static const struct flag {
    const char *name;
    bool (*set)(struct order *order, const char *value, struct arena *arena, struct status *status);
} flags[] = {
    {"--target", set_target},
    {"--deadline", set_deadline},
    {"--metadata", add_metadata},
    {"--descriptor-set", set_descriptor_set},
};

/* `--name=value` or `--name value`; `used` says how many arguments that took. */
static bool take_flag(struct order *order, int count, char **arguments, int *used,
                      struct arena *arena, struct status *status)
{
    const char *written = arguments[0];
    size_t bytes = strcspn(written, "=");
    for (size_t i = 0; i < array_length(flags); i++) {
        if (!text_equal((struct text){written, bytes}, text_of(flags[i].name)))
            continue;
        const char *value = written[bytes] == '=' ? written + bytes + 1
                            : count > 1           ? arguments[1]
                                                  : NULL;
        *used = written[bytes] == '=' ? 1 : 2;
        if (!value)
            return status_fail(status, STATUS_INVALID_ARGUMENT, "%s: a value has to follow",
                               flags[i].name);
        return flags[i].set(order, value, arena, status) ||
               status_wrap(status, "%s", flags[i].name);
    }
    return status_fail(status, STATUS_INVALID_ARGUMENT,
                       "%.*s: no such option of call; there are --target, --deadline, --metadata "
                       "and --descriptor-set",
                       (int)(bytes < 200 ? bytes : 200), written);
}

static bool take_word(struct order *order, const char *word, struct status *status)
{
    if (!order->method)
        order->method = word;
    else if (!order->message)
        order->message = word;
    else
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "\"%.200s\": a call has one method and one message", word);
    return true;
}

bool order_read(struct order *order, int count, char **arguments, struct arena *arena,
                struct status *status)
{
    *order = (struct order){.target = "dns:127.0.0.1:50051", .deadline_ns = INT64_C(30000000000)};
    for (int used = 1, i = 0; i < count; i += used) {
        used = 1;
        bool good = strncmp(arguments[i], "--", 2) == 0
                        ? take_flag(order, count - i, arguments + i, &used, arena, status)
                        : take_word(order, arguments[i], status);
        if (!good)
            return false;
    }
    if (!order->method)
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "call: a method has to follow, such as CreateApiGroup");
    if (!order->message)
        order->message = "-";
    return true;
}

bool order_message(const struct order *order, struct arena *arena, struct text *json,
                   struct status *status)
{
    if (order->message[0] == '@')
        return file_read(order->message + 1, MESSAGE_BYTES, arena, json, status);
    if (strcmp(order->message, "-") == 0)
        return file_read("-", MESSAGE_BYTES, arena, json, status);
    *json = text_of(order->message);
    return true;
}
