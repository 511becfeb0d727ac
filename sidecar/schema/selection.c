/* SPDX-License-Identifier: MIT */
#include "schema/selection.h"

#include <stdlib.h>

#include "base/memory.h"
#include "schema/recovery_option.h"

#include "base/banned.h"

static bool matches(struct text pattern, const struct schema_method *method)
{
    return text_equal(pattern, text_of(method->path + 1)) ||
           (text_take_prefix(&pattern, method->service) && text_equal(pattern, text_literal("/*")));
}

static bool is_selected(const struct selection *selection, const struct schema_method *method)
{
    for (const struct text_list *pattern = selection->patterns; pattern; pattern = pattern->next)
        if (matches(pattern->text, method))
            return true;
    return !selection->patterns;
}

static bool check_pattern(struct text pattern, const struct methods *methods, struct status *status)
{
    for (size_t i = 0; i < methods->candidate_count; i++)
        if (matches(pattern, &methods->candidates[i].method))
            return true;
    return status_fail(status, STATUS_INVALID_ARGUMENT, "--serve=%.*s matches no method",
                       text_arguments(pattern));
}

/* True when each binding of the method has that HTTP method. */
static bool always_sends(const struct http_rule *rule, struct text http_method)
{
    bool always = text_equal(rule->method, http_method);
    for (size_t i = 0; i < rule->additional_count; i++)
        always = always && text_equal(rule->additional[i].method, http_method);
    return always;
}

/* Reads the HTTP rule of a method whose types are built. One with a reason does not get it and
 * cannot be a look-up either. */
static void read_rule(struct candidate *candidate, struct arena *arena)
{
    struct status status;
    struct schema_method *method = &candidate->method;
    if (candidate->reason)
        return;
    const char *refusal = types_refusal(method->request);
    candidate_refuse(candidate, UNSERVED_UNFIT,
                     refusal ? refusal : types_refusal(method->response));
    if (candidate->reason)
        return;
    if (!http_rule_parse(candidate_place(candidate, arena), candidate->http_rule, method->request,
                         method->response, arena, &method->http_rule, &status)) {
        candidate_refuse_as(candidate, arena, &status);
        return;
    }
    if (always_sends(&method->http_rule, text_literal("GET")))
        method->idempotency = NO_SIDE_EFFECTS;
    method->removes = always_sends(&method->http_rule, text_literal("DELETE"));
}

static void refuse_at(struct candidate *candidate, struct arena *arena, struct status *status)
{
    status_prepend(status, "%.*s", text_arguments(candidate_place(candidate, arena)));
    candidate_refuse_as(candidate, arena, status);
}

/* Reads the style of its JSON, which is that of its file. */
static void read_style(struct candidate *candidate, struct arena *arena)
{
    struct status status;
    const file_proto *file = candidate->file->proto;
    struct text options =
        descriptor_set_options(file->options ? &file->options->base : NULL, arena);
    if (!json_style_read(options, arena, &candidate->method.json_style, &status))
        refuse_at(candidate, arena, &status);
}

/* The look-up need not be served itself, because the sidecar calls it and not a caller. */
static void read_recovery(const struct methods *methods, struct candidate *candidate,
                          struct arena *arena)
{
    struct status status;
    if (!candidate->reason && candidate->recovery.data &&
        !recovery_option_parse(methods, &candidate->method, candidate->recovery, arena,
                               &candidate->method.recovery, &status))
        refuse_at(candidate, arena, &status);
}

/* The request of a method without the names of variables: "POST /v1/{*}/orders". */
struct route {
    struct text request;
    bool is_optional;
    struct candidate *candidate;
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

/* Of routes with the same request, those without which the start fails come first, and then they
 * are in the order of their declaration. */
static int compare_routes(const void *a, const void *b)
{
    const struct route *left = a, *right = b;
    int order = schema_compare_names(left->request, right->request);
    if (order == 0)
        order = left->is_optional - right->is_optional;
    return order != 0 ? order : left->candidate < right->candidate ? -1 : 1;
}

static bool is_optional(const struct selection *selection, const struct candidate *candidate)
{
    return candidate->file->position < selection->optional_files;
}

static size_t list_routes(const struct selection *selection, const struct methods *methods,
                          struct route *routes, struct arena *arena)
{
    size_t count = 0;
    for (size_t i = 0; i < methods->candidate_count; i++) {
        struct candidate *candidate = &methods->candidates[i];
        if (!candidate->reason)
            routes[count++] = (struct route){request_of(&candidate->method.http_rule, arena),
                                             is_optional(selection, candidate), candidate};
    }
    qsort(routes, count, sizeof *routes, compare_routes);
    return count;
}

/* Two methods with one request are taken for a slip of the pen: the first is served. */
static void refuse_same_routes(const struct selection *selection, const struct methods *methods,
                               struct arena *arena)
{
    struct status status;
    struct route *routes =
        memory_expect(arena_zalloc(arena, methods->candidate_count * sizeof *routes));
    size_t count = list_routes(selection, methods, routes, arena), first = 0;
    for (size_t i = 1; i < count; i++) {
        if (!text_equal(routes[first].request, routes[i].request)) {
            first = i;
            continue;
        }
        const struct schema_method *served = &routes[first].candidate->method;
        status_set(&status, STATUS_INVALID_ARGUMENT, "its HTTP request, %.*s, is that of %.*s.%.*s",
                   text_arguments(routes[i].request), text_arguments(served->service),
                   text_arguments(served->name));
        refuse_at(routes[i].candidate, arena, &status);
    }
}

/* True when the start fails without the method. */
static bool is_needed(const struct selection *selection, const struct candidate *candidate)
{
    if (selection->patterns)
        return candidate->cause != UNSERVED_NOT_SELECTED;
    return candidate->cause != UNSERVED_WITHOUT_RULE && !is_optional(selection, candidate);
}

static bool check_needed(const struct selection *selection, const struct methods *methods,
                         struct status *status)
{
    for (size_t i = 0; i < methods->candidate_count; i++) {
        const struct candidate *candidate = &methods->candidates[i];
        if (candidate->reason && is_needed(selection, candidate))
            return status_fail(status, STATUS_INVALID_ARGUMENT, "%s%s%s",
                               candidate->cause == UNSERVED_UNFIT ? "" : candidate->method.path + 1,
                               candidate->cause == UNSERVED_UNFIT ? "" : ": ", candidate->reason);
    }
    return true;
}

static void list_served(struct methods *methods, struct candidate *candidate)
{
    struct schema_method *served = &methods->list[methods->count++];
    *served = candidate->method;
    candidate->served = served;
    if (methods->service_count == 0 ||
        !text_equal(methods->services[methods->service_count - 1], served->service))
        methods->services[methods->service_count++] = served->service;
}

static void list_unserved(struct methods *methods, const struct candidate *candidate)
{
    methods->unserved[methods->unserved_count++] =
        (struct schema_unserved){candidate->method.path, candidate->reason, candidate->cause};
}

static size_t count_served(const struct methods *methods)
{
    size_t count = 0;
    for (size_t i = 0; i < methods->candidate_count; i++)
        count += !methods->candidates[i].reason;
    return count;
}

static void list_methods(struct methods *methods, struct arena *arena)
{
    size_t count = count_served(methods);
    methods->list = memory_expect(arena_zalloc(arena, count * sizeof *methods->list));
    methods->services = memory_expect(arena_zalloc(arena, count * sizeof *methods->services));
    methods->unserved = memory_expect(
        arena_zalloc(arena, (methods->candidate_count - count) * sizeof *methods->unserved));
    for (size_t i = 0; i < methods->candidate_count; i++)
        if (methods->candidates[i].reason)
            list_unserved(methods, &methods->candidates[i]);
        else
            list_served(methods, &methods->candidates[i]);
}

/* Fails when nothing is served of the files that are not embedded, or of all when there is no
 * other.
 */
static bool check_served(const struct selection *selection, const struct methods *methods,
                         struct status *status)
{
    const char *reason = "the descriptor set has no method with a google.api.http rule";
    size_t files = selection->optional_files ? selection->optional_files : SIZE_MAX;
    for (size_t i = methods->candidate_count; i-- > 0;) {
        const struct candidate *candidate = &methods->candidates[i];
        if (candidate->file->position >= files)
            continue;
        if (candidate->served)
            return true;
        if (candidate->cause == UNSERVED_UNFIT)
            reason = candidate->reason;
    }
    return status_fail(status, STATUS_INVALID_ARGUMENT, "%s", reason);
}

static void deselect(const struct selection *selection, struct candidate *candidate)
{
    if (is_selected(selection, &candidate->method))
        return;
    candidate->cause = UNSERVED_NOT_SELECTED;
    candidate->reason = "no pattern of --serve matches it";
}

/* The look-ups of methods are among those whose rules were read before. */
static bool read_all(struct methods *methods, struct arena *arena, struct status *status)
{
    for (size_t i = 0; i < methods->candidate_count; i++) {
        if (!descriptor_set_has_room(arena, status))
            return false;
        read_style(&methods->candidates[i], arena);
        read_rule(&methods->candidates[i], arena);
    }
    for (size_t i = 0; i < methods->candidate_count; i++) {
        if (!descriptor_set_has_room(arena, status))
            return false;
        read_recovery(methods, &methods->candidates[i], arena);
    }
    return descriptor_set_has_room(arena, status);
}

static void choose(const struct selection *selection, struct methods *methods, struct arena *arena)
{
    for (size_t i = 0; i < methods->candidate_count; i++)
        deselect(selection, &methods->candidates[i]);
    refuse_same_routes(selection, methods, arena);
}

bool selection_serve(const struct selection *selection, struct methods *methods,
                     struct arena *arena, struct status *status)
{
    for (const struct text_list *pattern = selection->patterns; pattern; pattern = pattern->next)
        if (!check_pattern(pattern->text, methods, status))
            return false;
    if (!read_all(methods, arena, status))
        return false;
    choose(selection, methods, arena);
    if (!check_needed(selection, methods, status))
        return false;
    list_methods(methods, arena);
    return selection->patterns || check_served(selection, methods, status);
}
