/* SPDX-License-Identifier: MIT */
#include "config/config.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "config/edit_distance.h"
#include "config/options.h"
#include "config/url.h"
#include "config/value.h"

#include "base/banned.h"

/* All values together; a command line and an environment cannot be much larger. */
#define OWNED_BYTES (4U << 20)

static struct config_memory *memory_of(const struct config *config)
{
    return config->owned;
}

/*
 * Kubernetes puts variables into pods for every Service (kubernetes.io, "Discovering services"),
 * with our prefix when its name begins with ours: APIG_SIDECAR_SERVICE_HOST=10.0.0.1,
 * APIG_SIDECAR_PORT_50051_TCP=tcp://10.0.0.1:50051. None of our options looks like one.
 */
static bool is_of_a_service(const char *entry)
{
    static const char pattern[] = "^[A-Z0-9_]*(_SERVICE_HOST=|_SERVICE_PORT(_[A-Z0-9_]+)?=[0-9]+$|"
                                  "_PORT=(tcp|udp|sctp)://|"
                                  "_PORT_[0-9]+_(TCP|UDP|SCTP)(_PROTO|_PORT|_ADDR)?=)";
    regex_t expression;
    if (regcomp(&expression, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return false;
    bool matches = regexec(&expression, entry, 0, NULL, 0) == 0;
    regfree(&expression);
    return matches;
}

static bool unknown_variable(struct text name, struct arena *arena, struct status *status)
{
    struct option_suggestion suggestion = {.distance = EDIT_DISTANCE_FAR};
    struct text shown = value_shown(name, arena);
    option_suggest(config_options, config_option_count, name, ORIGIN_VARIABLE, &suggestion);
    if (suggestion.distance < EDIT_DISTANCE_FAR)
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "%.*s: no such variable; did you mean %s?", text_arguments(shown),
                           suggestion.spelled);
    return status_fail(status, STATUS_INVALID_ARGUMENT,
                       "%.*s: no such variable; --help lists the options", text_arguments(shown));
}

static bool take_variable(struct config_memory *memory, const char *entry, struct status *status)
{
    static const char prefix[] = "APIG_SIDECAR_";
    struct text name = {entry, strcspn(entry, "=")};
    if (strncmp(entry, prefix, sizeof prefix - 1) != 0 || entry[name.size] == '\0' ||
        entry[name.size + 1] == '\0')
        return true;
    const struct option *option =
        option_find(config_options, config_option_count, name, ORIGIN_VARIABLE);
    if (option)
        return option_set_take(&memory->set, option, entry + name.size + 1, ORIGIN_VARIABLE,
                               status);
    return is_of_a_service(entry) || unknown_variable(name, &memory->arena, status);
}

static const struct option *find(const char *flag)
{
    return option_find(config_options, config_option_count, text_of(flag), ORIGIN_FLAG);
}

static enum option_origin *origin_of(const struct config *config, const struct option *option)
{
    return &memory_of(config)->set.origins[option - config_options];
}

bool config_find_text(const void *config, struct text name, const char **value)
{
    for (size_t i = 0; i < config_option_count; i++) {
        const struct option *option = &config_options[i];
        if (option->kind != &value_text || !text_equal(text_of(option->name), name))
            continue;
        *value = *(const char *const *)((const char *)config + option->member);
        return true;
    }
    return false;
}

/* "--deadline 30s" */
static void add_option(const struct config *config, const char *flag, struct buffer *out)
{
    const struct option *option = find(flag);
    char spelled[OPTION_SPELLED_BYTES];
    option_spell(option, *origin_of(config, option), spelled);
    buffer_add_text(out, text_of(spelled));
    buffer_add_char(out, ' ');
    option->kind->write(option, (const char *)config + option->member, out);
}

static bool fail_together(const struct config *config, const char *flag, const char *why,
                          const char *other, struct status *status)
{
    struct buffer message;
    buffer_init(&message, &memory_of(config)->arena, 256);
    add_option(config, flag, &message);
    buffer_add_text(&message, text_of(why));
    add_option(config, other, &message);
    return status_fail(status, STATUS_INVALID_ARGUMENT, "%.*s",
                       text_arguments(buffer_text(&message)));
}

static bool check_tls_files(const struct config *config, struct status *status)
{
    if (!config->tls_cert_file != !config->tls_key_file)
        return status_fail(
            status, STATUS_INVALID_ARGUMENT,
            "--tls-cert-file and --tls-key-file need each other: one of them is missing");
    if (config->tls_client_ca_file && !config->tls_cert_file)
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "--tls-client-ca-file needs --tls-cert-file and --tls-key-file");
    return true;
}

#define LEAST_LIFETIME_NS (int64_t)(900 * VALUE_SECOND)

/* The sources of the credential; the first one has a default. */
static const char *const sources[] = {
    "--token-file", "--keys", "--pod-identity", "--metadata", "--oidc-token-file", "--iam-user"};

/* A switch is given when it is on. */
static bool is_given(const struct config *config, const char *flag)
{
    const struct option *option = find(flag);
    const char *member = (const char *)config + option->member;
    return option->kind == &value_switch ? *(const bool *)member
                                         : *origin_of(config, option) != ORIGIN_DEFAULT;
}

static bool choose_source(struct config *config, struct status *status)
{
    const char *chosen = NULL;
    for (size_t i = 0; i < array_length(sources); i++) {
        if (!is_given(config, sources[i]))
            continue;
        if (chosen)
            return fail_together(config, chosen, " is another source of the credential than ",
                                 sources[i], status);
        chosen = sources[i];
    }
    if (chosen && !is_given(config, sources[0]))
        config->token_file = NULL;
    return true;
}

/* The variables that CCE sets in pods with an identity. */
static bool read_pod_identity(struct config *config, char *const environment[],
                              struct status *status)
{
    const struct {
        const char *name, **value;
    } variables[] = {
        {"HC_CONTAINER_CREDENTIALS_FULL_URI=", &config->pod_identity_url},
        {"HC_CONTAINER_AUTHORIZATION_TOKEN_FILE=", &config->pod_identity_token_file},
    };
    struct text path;
    for (size_t i = 0; i < array_length(variables); i++) {
        size_t size = strlen(variables[i].name);
        for (char *const *entry = environment; *entry; entry++)
            if (strncmp(*entry, variables[i].name, size) == 0 && (*entry)[size])
                *variables[i].value =
                    arena_copy(&memory_of(config)->arena, *entry + size, strlen(*entry + size));
        if (!*variables[i].value)
            return status_fail(status, STATUS_INVALID_ARGUMENT,
                               "--pod-identity: the variable %.*s is missing; CCE sets it in pods "
                               "whose service account has an agency",
                               (int)size - 1, variables[i].name);
    }
    return url_is_node(text_of(config->pod_identity_url), &path) ||
           status_fail(status, STATUS_INVALID_ARGUMENT,
                       "HC_CONTAINER_CREDENTIALS_FULL_URI is not http://address[:port]/path with "
                       "a loopback or link-local address");
}

bool config_is_urn(const char *text)
{
    return text_starts_with(text_of(text), text_literal("iam::"));
}

/* --oidc-provider and --agency, of which STS needs both. */
static bool check_oidc(const struct config *config, struct status *status)
{
    if (!config->oidc_token_file != !config->oidc_provider)
        return status_fail(
            status, STATUS_INVALID_ARGUMENT,
            "--oidc-token-file and --oidc-provider need each other: one of them is missing");
    bool is_new = config->oidc_provider && config_is_urn(config->oidc_provider);
    if (is_new && (!config->agency || !config_is_urn(config->agency)))
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "--agency has to be the URN of an agency, iam::ACCOUNT:agency:NAME, "
                           "because --oidc-provider is the URN of a provider");
    return true;
}

/* A key that the source has before an agency is assumed with it. */
static bool has_key(const struct config *config)
{
    return config->keys || config->metadata || config->pod_identity ||
           (config->oidc_provider && config_is_urn(config->oidc_provider));
}

bool config_gives_key(const struct config *config)
{
    return config->agency || has_key(config);
}

/* STS assumes an agency for a key, and IAM also for a token. */
static bool check_agency(const struct config *config, struct status *status)
{
    bool is_new = config->agency && config_is_urn(config->agency);
    if (is_new && !has_key(config))
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "--agency: STS takes an access key for the URN of an agency, and the "
                           "source gives a token; give the agency's name and --agency-domain");
    if ((config->agency && !is_new) != (config->agency_domain != NULL))
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "--agency with a name and --agency-domain need each other: one of them "
                           "is missing");
    if (config->credential_lifetime_ns && config->credential_lifetime_ns < LEAST_LIFETIME_NS)
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "--credential-lifetime is below 15m, the shortest that IAM and STS "
                           "allow");
    return true;
}

/* STS issues keys, and IAM tokens; IAM also knows the project of a region's name. */
static bool check_places(const struct config *config, struct status *status)
{
    bool is_new = config->agency && config_is_urn(config->agency);
    bool asks_iam = !is_new || !config->project_id || config->iam_user ||
                    (config->oidc_provider && !config_is_urn(config->oidc_provider));
    if (!config->project_id && !config->region)
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "--project-id or --region is missing: a credential is issued for a "
                           "project, by default for that of the region's name");
    if (is_new && !config->sts)
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "--sts is missing; give https://host[:port], or --region");
    if (asks_iam && !config->iam)
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "--iam is missing; give https://host[:port], or --region");
    return true;
}

static bool check_issuers(struct config *config, struct status *status)
{
    struct arena *arena = &memory_of(config)->arena;
    if (!check_oidc(config, status) || !check_agency(config, status))
        return false;
    bool has_issuer = config->iam_user || config->oidc_token_file || config->agency;
    if (!has_issuer && !config_gives_key(config))
        return true;
    if (config->region && !config->iam)
        config->iam = url_of_service("iam", config->region, arena);
    if (config->region && !config->sts)
        config->sts = url_of_service("sts", config->region, arena);
    return !has_issuer || check_places(config, status);
}

static bool check_together(struct config *config, char *const environment[], struct status *status)
{
    if (!choose_source(config, status) || !check_issuers(config, status) ||
        (config->pod_identity && !read_pod_identity(config, environment, status)))
        return false;
    if (config->deadline_ns > config->max_deadline_ns)
        return fail_together(config, "--deadline", " is longer than ", "--max-deadline", status);
    if (!check_tls_files(config, status))
        return false;
    if (!config->region)
        return true;
    if (config->upstream)
        return fail_together(config, "--region", " sets another URL than ", "--upstream", status);
    config->upstream = url_of_service("apig", config->region, &memory_of(config)->arena);
    *origin_of(config, find("--upstream")) = *origin_of(config, find("--region"));
    return config->upstream ||
           status_fail(status, STATUS_INVALID_ARGUMENT, "the options are too long");
}

static struct option_set *prepare(struct config *config)
{
    struct config_memory *memory = memory_expect(calloc(1, sizeof *memory));
    *config = (struct config){.owned = memory};
    arena_init(&memory->arena, OWNED_BYTES);
    memory->set = (struct option_set){.options = config_options,
                                      .count = config_option_count,
                                      .values = config,
                                      .owned = &memory->arena};
    return &memory->set;
}

bool config_read_with(struct config *config, struct option_set *own, struct command_line *line,
                      struct status *status)
{
    struct option_set *set = prepare(config), *sets[] = {own ? own : set, set};
    if (!option_set_defaults(set, status))
        return false;
    if (own) {
        own->owned = set->owned;
        if (!option_set_defaults(own, status))
            return false;
    }
    for (size_t i = 0; line->environment[i]; i++)
        if (!take_variable(memory_of(config), line->environment[i], status))
            return false;
    return flags_read(sets, array_length(sets), line, status) &&
           check_together(config, line->environment, status);
}

bool config_read(struct config *config, int count, char *const arguments[],
                 char *const environment[], struct status *status)
{
    struct command_line line = {.count = count, .arguments = arguments, .environment = environment};
    return config_read_with(config, NULL, &line, status);
}

void config_clear(struct config *config)
{
    if (config->owned)
        arena_clear(&memory_of(config)->arena);
    free(config->owned);
    *config = (struct config){0};
}

bool config_check_serve(const struct config *config, struct status *status)
{
    if (!config->upstream)
        return status_fail(status, STATUS_INVALID_ARGUMENT,
                           "--upstream is missing; give https://host[:port][/prefix], or --region");
    /* Server TLS alone does not identify the callers. */
    if (config->allow_public_plaintext || config->tls_client_ca_file)
        return true;
    for (size_t i = 0; i < config->listen_count; i++)
        if (!config_address_is_local(&config->listen[i]))
            return status_fail(status, STATUS_INVALID_ARGUMENT,
                               "--listen: \"%s\" is not a loopback address, so that everyone who "
                               "reaches it would use the credential; give --tls-client-ca-file to "
                               "identify callers, or --allow-public-plaintext, for example "
                               "behind a mesh",
                               config->listen[i].host);
    return true;
}
