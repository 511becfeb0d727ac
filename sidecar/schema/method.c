/* SPDX-License-Identifier: MIT */
#include "schema/method.h"

#include <stdlib.h>

#include "base/ascii.h"
#include "base/memory.h"
#include "schema/option.h"
#include "schema/readable_name.h"

#include "base/banned.h"

/* The extensions of MethodOptions that are read: google.api.http and apig_sidecar.recovery. */
#define HTTP_EXTENSION 72295728
#define RECOVERY_EXTENSION 50171
/* Of FileOptions apig_sidecar.error_domain, and of ServiceOptions google.api.default_host. */
#define ERROR_DOMAIN_EXTENSION 50175
#define DEFAULT_HOST_EXTENSION 1049

/* The longest domain name (RFC 1035 section 2.3.4, without the root's dot). */
#define DOMAIN_BYTES 253

/* The sources and the result of collecting the methods of a set. */
struct method_collector {
    const struct descriptor_set *set;
    struct types *types;
    struct arena *arena;
    struct methods *methods;
};

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

void candidate_refuse(struct candidate *candidate, enum unserved_cause cause, const char *reason)
{
    if (candidate->reason)
        return;
    candidate->cause = cause;
    candidate->reason = reason;
}

struct text candidate_place(const struct candidate *candidate, struct arena *arena)
{
    struct buffer place;
    buffer_init(&place, arena, 128);
    buffer_add_text(&place, candidate->file->file.name);
    buffer_add_literal(&place, ": ");
    buffer_add_text(&place, candidate->method.service);
    buffer_add_char(&place, '.');
    buffer_add_text(&place, candidate->method.name);
    return buffer_text(&place);
}

void candidate_refuse_as(struct candidate *candidate, struct arena *arena,
                         const struct status *status)
{
    const char *reason =
        candidate->reason ? NULL : arena_copy(arena, status->message, strlen(status->message));
    candidate_refuse(candidate, UNSERVED_UNFIT, reason ? reason : "no memory is left to say why");
}

/* protobuf-c keeps any number. */
static bool read_idempotency(const method_proto *proto, struct schema_method *method,
                             struct status *status)
{
    unsigned level = proto->options ? (unsigned)proto->options->idempotency_level : NOT_IDEMPOTENT;
    if (level > IDEMPOTENT)
        return status_fail(status, STATUS_INVALID_ARGUMENT, "idempotency_level %d is not known",
                           (int)level);
    method->idempotency = (enum idempotency)level;
    return true;
}

/* Requires the types of a method that has a rule. */
static bool require_types(const struct method_collector *collector, const method_proto *proto,
                          struct schema_method *method, struct status *status)
{
    if (proto->client_streaming || proto->server_streaming)
        return status_fail(status, STATUS_INVALID_ARGUMENT, "streaming methods cannot be served");
    if (!types_require(collector->types, proto->input_type, &method->request, status) ||
        !types_require(collector->types, proto->output_type, &method->response, status))
        return false;
    types_mark_request(method->request);
    return true;
}

static void read_options(const struct method_collector *collector, const method_proto *proto,
                         struct candidate *candidate)
{
    struct status status;
    struct text options =
        descriptor_set_options(proto->options ? &proto->options->base : NULL, collector->arena);
    if (!option_find_message(options, HTTP_EXTENSION, collector->arena, &candidate->http_rule)) {
        candidate_refuse(candidate, UNSERVED_WITHOUT_RULE, "it has no google.api.http option");
        return;
    }
    if (!option_find_message(options, RECOVERY_EXTENSION, collector->arena, &candidate->recovery))
        candidate->recovery = (struct text){NULL, 0};
    if (read_idempotency(proto, &candidate->method, &status) &&
        require_types(collector, proto, &candidate->method, &status))
        return;
    status_prepend(&status, "%.*s", text_arguments(candidate_place(candidate, collector->arena)));
    candidate_refuse_as(candidate, collector->arena, &status);
}

static bool is_domain_part(char c)
{
    return ascii_is_alphanumeric(c) || c == '-' || c == '.';
}

static bool is_domain(struct text domain)
{
    return domain.size > 0 && domain.size <= DOMAIN_BYTES &&
           text_consists_of(domain, is_domain_part);
}

/* Returns the value of an option of a file or a service; empty without. */
static struct text text_option(const ProtobufCMessage *options, uint32_t extension,
                               struct arena *arena)
{
    struct text value;
    return option_find_text(descriptor_set_options(options, arena), extension, &value)
               ? value
               : text_literal("");
}

/* A default_host may have a port, and one that is not a name is not the sidecar's concern. */
static void read_domain(const struct method_collector *collector, const struct symbol *service,
                        struct candidate *candidate)
{
    struct status status;
    const file_proto *file = service->file->proto;
    const service_proto *proto = service->proto.service;
    struct text domain = text_option(file->options ? &file->options->base : NULL,
                                     ERROR_DOMAIN_EXTENSION, collector->arena);
    struct text host = text_until(text_option(proto->options ? &proto->options->base : NULL,
                                              DEFAULT_HOST_EXTENSION, collector->arena),
                                  ':');
    if (domain.size == 0)
        candidate->method.error_domain = is_domain(host) ? host : text_literal("");
    else if (is_domain(domain))
        candidate->method.error_domain = domain;
    else {
        status_set(&status, STATUS_INVALID_ARGUMENT,
                   "%.*s: apig_sidecar.error_domain is not the name of a domain",
                   text_arguments(candidate->file->file.name));
        candidate_refuse_as(candidate, collector->arena, &status);
    }
}

static void collect_method(const struct method_collector *collector, const struct symbol *service,
                           const method_proto *proto)
{
    struct text name = text_of(proto->name);
    struct methods *methods = collector->methods;
    struct candidate *candidate = &methods->candidates[methods->candidate_count];
    methods->by_path[methods->candidate_count++] = candidate;
    candidate->file = service->file;
    candidate->method = (struct schema_method){
        .path = path_of(service->name, name, collector->arena),
        .service = service->name,
        .name = name,
        .readable_name = readable_name(name, collector->arena),
    };
    read_options(collector, proto, candidate);
    read_domain(collector, service, candidate);
}

static bool collect_service(const struct method_collector *collector, const struct symbol *service,
                            struct status *status)
{
    const service_proto *proto = service->proto.service;
    for (size_t i = 0; i < proto->n_method; i++) {
        if (!descriptor_set_has_room(collector->arena, status))
            return false;
        collect_method(collector, service, proto->method[i]);
    }
    return true;
}

static bool collect_file(const struct method_collector *collector, const file_proto *file,
                         struct status *status)
{
    struct text package = text_of(file->package ? file->package : "");
    for (size_t i = 0; i < file->n_service; i++) {
        const service_proto *proto = file->service[i];
        const struct symbol *service = descriptor_set_symbol(
            collector->set, descriptor_set_join(collector->arena, package, text_of(proto->name)));
        if (!collect_service(collector, service, status))
            return false;
    }
    return true;
}

static size_t count_methods(const struct descriptor_set *set)
{
    size_t count = 0;
    for (size_t i = 0; i < set->file_count; i++) {
        const file_proto *file = set->files[i].proto;
        for (size_t service = 0; service < file->n_service; service++)
            count += file->service[service]->n_method;
    }
    return count;
}

static int compare_paths(const void *a, const void *b)
{
    const struct candidate *const *left = a, *const *right = b;
    return schema_compare_names(text_of((*left)->method.path), text_of((*right)->method.path));
}

bool methods_collect(const struct descriptor_set *set, struct types *types, struct arena *arena,
                     struct methods *methods, struct status *status)
{
    size_t most = count_methods(set);
    const struct method_collector collector = {set, types, arena, methods};
    *methods = (struct methods){
        .candidates = memory_expect(arena_zalloc(arena, most * sizeof *methods->candidates)),
        .by_path = memory_expect(arena_zalloc(arena, most * sizeof(struct candidate *))),
    };
    for (size_t i = 0; i < set->file_count; i++)
        if (!collect_file(&collector, set->files[i].proto, status))
            return false;
    qsort(methods->by_path, most, sizeof(struct candidate *), compare_paths);
    return true;
}

struct candidate *methods_declared(const struct methods *methods, struct text path)
{
    size_t low = 0, high = methods->candidate_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct candidate *candidate = methods->by_path[middle];
        int order = schema_compare_names(path, text_of(candidate->method.path + 1));
        if (order == 0)
            return candidate;
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
    if (!is_path)
        return find_name(methods, name);
    const struct candidate *found = methods_declared(methods, name);
    return found ? found->served : NULL;
}
