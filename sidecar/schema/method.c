/* SPDX-License-Identifier: MIT */
#include "schema/method.h"

#include <stdlib.h>

#include "base/memory.h"
#include "schema/option.h"
#include "schema/readable_name.h"
#include "schema/recovery_option.h"

#include "base/banned.h"

/* The extensions of MethodOptions that are read: google.api.http and apig_sidecar.recovery. */
#define HTTP_EXTENSION 72295728
#define RECOVERY_EXTENSION 50171

static const char *path_of(struct text service, struct text name, struct arena *arena)
{
    struct buffer path;
    buffer_init(&path, arena, service.size + name.size + 3);
    buffer_add_char(&path, '/');
    buffer_add_text(&path, service);
    buffer_add_char(&path, '/');
    buffer_add_text(&path, name);
    buffer_add_char(&path, '\0');
    return path.at;
}

/* The name of a method among the symbols: "shop.v1.Orders.GetOrder". */
static struct text symbol_of(const struct schema_method *method, struct arena *arena)
{
    return descriptor_set_join(arena, method->service, method->name);
}

static bool collect_method(const struct symbol *service, const method_proto *proto,
                           struct types *types, struct arena *arena, struct methods *methods,
                           struct status *status)
{
    struct text http, recovery,
        options = descriptor_set_options(proto->options ? &proto->options->base : NULL, arena);
    if (!option_find_message(options, HTTP_EXTENSION, arena, &http))
        return true;
    struct schema_method *method = &methods->list[methods->count];
    struct text name = text_of(proto->name);
    *method = (struct schema_method){
        .path = path_of(service->name, name, arena),
        .service = service->name,
        .name = name,
        .readable_name = readable_name(name, arena),
        .idempotency =
            proto->options ? (enum idempotency)proto->options->idempotency_level : NOT_IDEMPOTENT,
    };
    if (proto->client_streaming || proto->server_streaming)
        return status_fail(status, STATUS_INVALID_ARGUMENT, "streaming methods cannot be served");
    if (!types_require(types, proto->input_type, &method->request, status) ||
        !types_require(types, proto->output_type, &method->response, status))
        return false;
    if (option_find_message(options, RECOVERY_EXTENSION, arena, &recovery))
        methods->recoveries[methods->count] = recovery;
    methods->http_rules[methods->count++] = http;
    return true;
}

static bool collect_service(const struct symbol *service, struct types *types, struct arena *arena,
                            struct methods *methods, struct status *status)
{
    size_t before = methods->count;
    const service_proto *proto = service->proto.service;
    for (size_t i = 0; i < proto->n_method; i++)
        if (!collect_method(service, proto->method[i], types, arena, methods, status))
            return status_wrap(status, "%.*s: %.*s.%s", text_arguments(service->file->file.name),
                               text_arguments(service->name), proto->method[i]->name);
    if (methods->count > before)
        methods->services[methods->service_count++] = service->name;
    return true;
}

/* Counts services and methods: upper bounds for the memory that is reserved. */
static void count_all(const struct descriptor_set *set, size_t *services, size_t *methods)
{
    for (size_t i = 0; i < set->file_count; i++) {
        const file_proto *file = set->files[i].proto;
        *services += file->n_service;
        for (size_t service = 0; service < file->n_service; service++)
            *methods += file->service[service]->n_method;
    }
}

static void *room(struct arena *arena, size_t count, size_t bytes)
{
    return memory_expect(arena_zalloc(arena, count ? count * bytes : bytes));
}

static bool collect_file(const struct descriptor_set *set, const file_proto *file,
                         struct types *types, struct arena *arena, struct methods *methods,
                         struct status *status)
{
    struct text package = text_of(file->package ? file->package : "");
    for (size_t i = 0; i < file->n_service; i++) {
        struct text name = descriptor_set_join(arena, package, text_of(file->service[i]->name));
        if (!collect_service(descriptor_set_symbol(set, name), types, arena, methods, status))
            return false;
    }
    return true;
}

bool methods_collect(const struct descriptor_set *set, struct types *types, struct arena *arena,
                     struct methods *methods, struct status *status)
{
    size_t services = 0, most = 0;
    count_all(set, &services, &most);
    *methods = (struct methods){
        .list = room(arena, most, sizeof *methods->list),
        .http_rules = room(arena, most, sizeof *methods->http_rules),
        .recoveries = room(arena, most, sizeof *methods->recoveries),
        .by_path = room(arena, most, sizeof *methods->by_path),
        .services = room(arena, services, sizeof *methods->services),
    };
    for (size_t i = 0; i < set->file_count; i++)
        if (!collect_file(set, set->files[i].proto, types, arena, methods, status))
            return false;
    if (methods->count == 0)
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "the descriptor set has no method with a google.api.http rule");
    return true;
}

static const struct schema_file *file_of(const struct descriptor_set *set,
                                         const struct schema_method *method)
{
    return &descriptor_set_symbol(set, method->service)->file->file;
}

static bool read_rule(const struct descriptor_set *set, struct text http, struct arena *arena,
                      struct schema_method *method, struct status *status)
{
    struct buffer where;
    buffer_init(&where, arena, 128);
    buffer_add_text(&where, file_of(set, method)->name);
    buffer_add_literal(&where, ": ");
    buffer_add_text(&where, symbol_of(method, arena));
    if (!http_rule_parse(buffer_text(&where), http, method->request, method->response, arena,
                         &method->http_rule, status))
        return false;
    if (text_equal(method->http_rule.method, text_literal("GET")))
        method->idempotency = NO_SIDE_EFFECTS;
    method->removes = text_equal(method->http_rule.method, text_literal("DELETE"));
    return true;
}

static bool read_recovery(const struct descriptor_set *set, const struct methods *methods,
                          size_t index, struct arena *arena, struct status *status)
{
    struct schema_method *method = &methods->list[index];
    struct text option = methods->recoveries[index];
    if (!option.data ||
        recovery_option_parse(methods, method, option, arena, &method->recovery, status))
        return true;
    return status_wrap(status, "%.*s: %.*s", text_arguments(file_of(set, method)->name),
                       text_arguments(symbol_of(method, arena)));
}

/* The request of a method without the names of variables: "POST /v1/{*}/orders". */
struct route {
    struct text request;
    const struct schema_method *method;
};

static struct text request_of(const struct http_rule *rule, struct arena *arena)
{
    struct buffer request;
    struct text template = rule->template;
    buffer_init(&request, arena, rule->method.size + template.size + 16);
    buffer_add_text(&request, rule->method);
    buffer_add_char(&request, ' ');
    bool in_name = false;
    for (size_t i = 0; i < template.size; i++) {
        char c = template.data[i];
        if (in_name && c == '}')
            buffer_add_char(&request, '*');
        if (!in_name || c == '}')
            buffer_add_char(&request, c);
        in_name = c == '{' || (in_name && c != '=' && c != '}');
    }
    return buffer_text(&request);
}

static int compare_routes(const void *a, const void *b)
{
    const struct route *left = a, *right = b;
    return schema_compare_names(left->request, right->request);
}

static bool check_routes(const struct descriptor_set *set, const struct methods *methods,
                         struct arena *arena, struct status *status)
{
    struct route *routes = room(arena, methods->count, sizeof *routes);
    for (size_t i = 0; i < methods->count; i++)
        routes[i] =
            (struct route){request_of(&methods->list[i].http_rule, arena), &methods->list[i]};
    qsort(routes, methods->count, sizeof *routes, compare_routes);
    for (size_t i = 1; i < methods->count; i++) {
        const struct schema_method *method = routes[i].method, *other = routes[i - 1].method;
        if (compare_routes(&routes[i - 1], &routes[i]) == 0)
            return status_fail(status, STATUS_INVALID_ARGUMENT, "%.*s: %.*s and %.*s are both %.*s",
                               text_arguments(file_of(set, method)->name),
                               text_arguments(symbol_of(method, arena)),
                               text_arguments(symbol_of(other, arena)),
                               text_arguments(routes[i].request));
    }
    return true;
}

static int compare_paths(const void *a, const void *b)
{
    const struct schema_method *const *left = a, *const *right = b;
    return schema_compare_names(text_of((*left)->path), text_of((*right)->path));
}

bool methods_finish(const struct descriptor_set *set, struct arena *arena, struct methods *methods,
                    struct status *status)
{
    for (size_t i = 0; i < methods->count; i++) {
        methods->by_path[i] = &methods->list[i];
        if (!read_rule(set, methods->http_rules[i], arena, &methods->list[i], status) ||
            !read_recovery(set, methods, i, arena, status))
            return false;
    }
    qsort(methods->by_path, methods->count, sizeof *methods->by_path, compare_paths);
    return check_routes(set, methods, arena, status);
}

/* Finds a method by its path without the first slash. */
static const struct schema_method *find_path(const struct methods *methods, struct text path)
{
    size_t low = 0, high = methods->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct schema_method *method = methods->by_path[middle];
        int order = schema_compare_names(path, text_of(method->path + 1));
        if (order == 0)
            return method;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

static const struct schema_method *find_name(const struct methods *methods, struct text name)
{
    const struct schema_method *found = NULL;
    for (size_t i = 0; i < methods->count; i++) {
        if (!text_equal(methods->list[i].name, name))
            continue;
        if (found)
            return NULL;
        found = &methods->list[i];
    }
    return found;
}

const struct schema_method *methods_find(const struct methods *methods, struct text name)
{
    bool is_path = text_take(&name, '/') || text_contains(name, '/');
    return is_path ? find_path(methods, name) : find_name(methods, name);
}
