/* SPDX-License-Identifier: MIT */
#include "config/options.h"

#include <ctype.h>
#include <string.h>

#include "base/clock.h"

#include "base/banned.h"

#define at(name) offsetof(struct config, name)
#define HOUR (3600 * (uint64_t)CLOCK_NS_PER_S)
#define DAY (24 * HOUR)
#define MS (uint64_t) CLOCK_NS_PER_MS
#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)

#define FLAG_PREFIX "--"
#define VARIABLE_PREFIX "APIG_SIDECAR_"

const struct option option_table[] = {
    {"listen", OPTION_LISTENERS, at(listen), 0, 0, "127.0.0.1:50051",
     "where callers connect: `host:port`, `[::1]:port`, `unix:/path`; comma-separated, repeatable; "
     "port 0 picks one"},
    {"allow-public-plaintext", OPTION_SWITCH, at(allow_public_plaintext), 0, 0, "false",
     "permits a listener without client certificates on an address that is not loopback, behind a "
     "mesh for instance"},
    {"tls-cert-file", OPTION_TEXT, at(tls_cert_file), 0, 0, NULL,
     "PEM certificate chain: every TCP listener speaks TLS; this and the next two are read again "
     "when they change"},
    {"tls-key-file", OPTION_TEXT, at(tls_key_file), 0, 0, NULL, "its PEM private key"},
    {"tls-client-ca-file", OPTION_TEXT, at(tls_client_ca_file), 0, 0, NULL,
     "PEM bundle: callers by TCP need a certificate that it vouches for"},
    {"allow-callers", OPTION_CALLERS, at(allow_callers), 0, 0, NULL,
     "who may call, by certificate or by user and group of a Unix socket's process; "
     "comma-separated, "
     "repeatable; everybody by default"},
    {"trust-xfcc", OPTION_SWITCH, at(trust_xfcc), 0, 0, "false",
     "takes the caller's names from `x-forwarded-client-cert` when the peer is loopback: a mesh's "
     "proxy"},
    {"upstream", OPTION_UPSTREAM, at(upstream), 0, 0, NULL,
     "`https://host[:port][/prefix]`; this or --region is required"},
    {"region", OPTION_REGION, at(region), 0, 0, NULL,
     "fills in --upstream with the public endpoint of a region"},
    {"upstream-ca-file", OPTION_TEXT, at(upstream_ca_file), 0, 0, NULL,
     "PEM bundle to verify the upstream with, read again when it changes; the system's store by "
     "default"},
    {"upstream-proxy", OPTION_PROXY, at(upstream_proxy), 0, 0, NULL,
     "HTTP proxy for CONNECT; environment variables of that purpose are ignored"},
    {"upstream-loops", OPTION_NUMBER, at(upstream_loops), 1, 64, "1", "upstream threads"},
    {"upstream-connections", OPTION_NUMBER, at(upstream_connections), 1, 65536, "512",
     "connections at most for each upstream thread; opened as needed, closed when idle for 60s"},
    {"token-file", OPTION_TEXT, at(token_file), 0, 0, "/var/run/secrets/apig/token",
     "the mounted credential"},
    {"project-id", OPTION_TEXT, at(project_id), 0, 0, NULL, "fills a request's empty project_id"},
    {"instance-id", OPTION_TEXT, at(instance_id), 0, 0, NULL,
     "fills a request's empty instance_id"},
    {"deadline", OPTION_DURATION, at(deadline_ns), MS, DAY, "30s", "for calls without a deadline"},
    {"max-deadline", OPTION_DURATION, at(max_deadline_ns), MS, DAY, "120s",
     "for calls with a longer one"},
    {"recover-lost-creates", OPTION_SWITCH, at(recover_lost_creates), 0, 0, "false",
     "looks up what became of a create whose answer was lost, where the .proto says how"},
    {"max-in-flight", OPTION_NUMBER, at(max_in_flight), 1, 1000000, "1000",
     "calls at a time; above: RESOURCE_EXHAUSTED"},
    {"max-connections", OPTION_NUMBER, at(max_connections), 1, 1000000, "1000",
     "callers' connections at a time; above: closed"},
    {"max-connections-per-peer", OPTION_NUMBER, at(max_connections_per_peer), 1, 1000000, "1000",
     "the same for one address, or one uid on Unix sockets"},
    {"max-streams", OPTION_NUMBER, at(max_streams), 1, 1000000, "1000",
     "calls at a time on one connection; who gives up more than that in a second is disconnected"},
    {"max-message", OPTION_SIZE, at(max_message_bytes), 1, 256 * MIB, "1MiB",
     "largest request message"},
    {"max-response", OPTION_SIZE, at(max_response_bytes), 1, 256 * MIB, "4MiB",
     "largest body of an upstream's answer"},
    {"max-metadata", OPTION_SIZE, at(max_metadata_bytes), 1, 48 * KIB, "16KiB",
     "a caller's metadata, all together"},
    {"max-metadata-count", OPTION_NUMBER, at(max_metadata_count), 1, 10000, "100", "and how many"},
    {"handshake-timeout", OPTION_DURATION, at(handshake_timeout_ns), MS, HOUR, "5s",
     "until a new connection speaks HTTP/2"},
    {"idle-timeout", OPTION_DURATION, at(idle_timeout_ns), 0, DAY, "0s",
     "a connection without calls; 0s: no limit"},
    {"max-age", OPTION_DURATION, at(max_age_ns), 0, DAY, "0s",
     "a connection altogether; 0s: no limit"},
    {"max-age-grace", OPTION_DURATION, at(max_age_grace_ns), MS, DAY, "30s",
     "for calls under way at --max-age"},
    {"drain-delay", OPTION_DURATION, at(drain_delay_ns), 0, HOUR, "0s",
     "after SIGTERM: keep accepting that long"},
    {"drain-timeout", OPTION_DURATION, at(drain_timeout_ns), 0, HOUR, "30s",
     "then finish calls, at most for that long"},
    {"monitor", OPTION_ADDRESS, at(monitor), 0, 0, "127.0.0.1:9090",
     "/livez /readyz /startupz /metrics, read only; may be public"},
    {"admin", OPTION_LOCAL_ADDRESS, at(admin), 0, 0, "127.0.0.1:9091",
     "/config, POST /quitquitquit, PUT /log-level; loopback and `unix:` only"},
    {"log-sample", OPTION_SHARE, at(log_sample), 0, 0, "1",
     "share of successful calls that are logged"},
    {"log-level", OPTION_LOG_LEVEL, at(log_level), 0, 0, "info",
     "`debug`, `info`, `warning` or `error`"},
    {"log-format", OPTION_LOG_FORMAT, at(log_format), 0, 0, "json", "`json`, or `text` for people"},
    {"descriptor-set", OPTION_TEXT, at(descriptor_set), 0, 0, NULL,
     "a FileDescriptorSet of more services, with their imports"},
};

const size_t option_count = array_length(option_table);

_Static_assert(array_length(option_table) <= OPTION_MOST,
               "struct config_memory has a place for each option");

static char variable_character(char c)
{
    return c == '-' ? '_' : (char)toupper((unsigned char)c);
}

void option_spell(const struct option *option, enum option_origin origin,
                  char spelled[OPTION_SPELLED_BYTES])
{
    bool variable = origin == ORIGIN_VARIABLE;
    struct text prefix = variable ? text_literal(VARIABLE_PREFIX) : text_literal(FLAG_PREFIX);
    size_t used = prefix.size;
    memcpy(spelled, prefix.data, used);
    for (const char *c = option->name; *c && used < OPTION_SPELLED_BYTES - 1; c++)
        spelled[used++] = variable ? variable_character(*c) : *c;
    spelled[used] = '\0';
}

const struct option *option_find(struct text written, enum option_origin origin)
{
    char spelled[OPTION_SPELLED_BYTES];
    for (size_t i = 0; i < option_count; i++) {
        option_spell(&option_table[i], origin, spelled);
        if (text_equal(written, text_of(spelled)))
            return &option_table[i];
    }
    return NULL;
}

static size_t least_of(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

static bool same_letter(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* How many letters to add, drop or change (Levenshtein). */
static size_t distance(struct text a, struct text b)
{
    size_t row[OPTION_SPELLED_BYTES];
    for (size_t i = 0; i <= b.size; i++)
        row[i] = i;
    for (size_t i = 1; i <= a.size; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.size; j++) {
            size_t above = row[j];
            row[j] = least_of(row[j - 1] + 1, above + 1,
                              diagonal + !same_letter(a.data[i - 1], b.data[j - 1]));
            diagonal = above;
        }
    }
    return row[b.size];
}

void option_spell_nearest(struct text written, enum option_origin origin,
                          char spelled[OPTION_SPELLED_BYTES])
{
    char candidate[OPTION_SPELLED_BYTES];
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < option_count; i++) {
        option_spell(&option_table[i], origin, candidate);
        size_t far = distance(written, text_of(candidate));
        if (far >= best)
            continue;
        best = far;
        memcpy(spelled, candidate, sizeof candidate);
    }
}
