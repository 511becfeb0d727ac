/* SPDX-License-Identifier: MIT */
#include "config/options.h"

#include "config/value.h"

#include "base/banned.h"

#define at(name) offsetof(struct config, name)
#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)

#define CALLERS "Callers"
#define UPSTREAM "Upstream"
#define CREDENTIAL "Credential"
#define LIMITS "Limits"
#define LIFECYCLE "Lifecycle"
#define OBSERVABILITY "Observability"

/* The options of a group stand together. */
const struct option config_options[] = {
    {CALLERS, "listen", &value_listeners, at(listen), 0, 0, "127.0.0.1:50051",
     "addresses to accept callers on; [::] stands for IPv4 as well; port 0 picks a free one; "
     "repeatable"},
    {CALLERS, "allow-public-plaintext", &value_switch, at(allow_public_plaintext), 0, 0, "false",
     "permits an address other than loopback without client certificates, for example behind a "
     "mesh"},
    {CALLERS, "tls-cert-file", &value_file, at(tls_cert_file), 0, 0, NULL,
     "PEM certificate chain that makes every TCP listener require TLS; read again when it changes, "
     "like the next two"},
    {CALLERS, "tls-key-file", &value_file, at(tls_key_file), 0, 0, NULL,
     "PEM private key of --tls-cert-file"},
    {CALLERS, "tls-client-ca-file", &value_file, at(tls_client_ca_file), 0, 0, NULL,
     "PEM bundle of CAs; callers over TCP need a certificate that one of them issued"},
    {CALLERS, "allow-callers", &value_callers, at(allow_callers), 0, 0, NULL,
     "callers that are served, by name in their certificate or by user or group of their process "
     "on a Unix socket; repeatable; all callers by default"},
    {CALLERS, "trust-xfcc", &value_switch, at(trust_xfcc), 0, 0, "false",
     "takes the caller's names from x-forwarded-client-cert when the peer is on loopback, for "
     "example the proxy of a mesh"},
    {UPSTREAM, "upstream", &value_upstream, at(upstream), 0, 0, NULL,
     "URL of the API gateway; this or --region is required; a name that ends in a dot is looked up "
     "without search domains"},
    {UPSTREAM, "region", &value_region, at(region), 0, 0, NULL,
     "sets --upstream to the public endpoint of this region"},
    {UPSTREAM, "upstream-ca-file", &value_file, at(upstream_ca_file), 0, 0, NULL,
     "PEM bundle of CAs that verify the upstream, read again when it changes; the system's CAs by "
     "default"},
    {UPSTREAM, "upstream-proxy", &value_proxy, at(upstream_proxy), 0, 0, NULL,
     "HTTP proxy, used with CONNECT; https_proxy and similar variables are ignored"},
    {UPSTREAM, "upstream-loops", &value_count, at(upstream_loops), 1, 64, "1",
     "number of threads that send requests upstream"},
    {UPSTREAM, "upstream-connections", &value_count, at(upstream_connections), 1, 65536, "512",
     "largest number of connections of each upstream thread; opened when needed"},
    {UPSTREAM, "upstream-rate", &value_rate, at(upstream_rate), 0, 0, "0",
     "most calls that are sent upstream, all threads together; more of them wait within their "
     "deadline; 0: no limit but the one that the upstream imposes"},
    {UPSTREAM, "upstream-idle-timeout", &value_duration, at(upstream_idle_timeout_ns), VALUE_SECOND,
     VALUE_HOUR, "45s",
     "an upstream connection without use for longer is closed; load balancers on the path have to "
     "allow more, commonly 60s"},
    {UPSTREAM, "project-id", &value_text, at(project_id), 0, 0, NULL,
     "project ID of requests that have none; by default that of the credential, which IAM looks "
     "up by --region for an access key"},
    {UPSTREAM, "instance-id", &value_text, at(instance_id), 0, 0, NULL,
     "gateway (instance) ID of requests that have none"},
    {UPSTREAM, "descriptor-set", &value_file, at(descriptor_set), 0, 0, NULL,
     "FileDescriptorSet of further services, with their imports"},
    {UPSTREAM, "serve", &value_methods, at(serve), 0, 0, NULL,
     "methods that are served, also of the embedded set; the start fails when one of them cannot "
     "be; repeatable; all that can be served by default"},
    {UPSTREAM, "recover-lost-creates", &value_switch, at(recover_lost_creates), 0, 0, "false",
     "looks up the result of a create whose response was lost, where the .proto says how"},
    {CREDENTIAL, "token-file", &value_file, at(token_file), 0, 0, "/var/run/secrets/apig/token",
     "the mounted token, read again when it changes; the default source of the credential"},
    {CREDENTIAL, "keys", &value_folder, at(keys), 0, 0, NULL,
     "an access key that signs the requests: a folder with the files ak, sk and, for a temporary "
     "key, security_token, or a file in the form of the vendor's SDKs; read again when it changes"},
    {CREDENTIAL, "pod-identity", &value_switch, at(pod_identity), 0, 0, "false",
     "a temporary access key of the agency that CCE Pod Identity gives the pod, renewed in time; "
     "from HC_CONTAINER_CREDENTIALS_FULL_URI and HC_CONTAINER_AUTHORIZATION_TOKEN_FILE, which CCE "
     "sets"},
    {CREDENTIAL, "metadata", &value_switch, at(metadata), 0, 0, "false",
     "a temporary access key of the node's agency from the metadata service, renewed in time"},
    {CREDENTIAL, "metadata-url", &value_node, at(metadata_url), 0, 0, "http://169.254.169.254",
     "the metadata service"},
    {CREDENTIAL, "oidc-token-file", &value_file, at(oidc_token_file), 0, 0, NULL,
     "the mounted token of a service account, which IAM or STS exchanges for a credential that is "
     "renewed in time; needs --oidc-provider"},
    {CREDENTIAL, "oidc-provider", &value_text, at(oidc_provider), 0, 0, NULL,
     "the identity provider of --oidc-token-file: its ID, for which IAM issues a token, or its "
     "URN, "
     "for which STS issues a temporary access key of --agency"},
    {CREDENTIAL, "agency", &value_text, at(agency), 0, 0, NULL,
     "an agency whose temporary access key the credential of the source is exchanged for, renewed "
     "in "
     "time: its URN, for which STS is asked, or its name, for which IAM is"},
    {CREDENTIAL, "agency-domain", &value_text, at(agency_domain), 0, 0, NULL,
     "name or ID of the account that the agency of a name belongs to"},
    {CREDENTIAL, "iam-user", &value_folder, at(iam_user), 0, 0, NULL,
     "a token that IAM issues for a user, renewed in time: a folder with the files name, password "
     "and domain"},
    {CREDENTIAL, "iam", &value_upstream, at(iam), 0, 0, NULL,
     "URL of IAM; that of --region by default"},
    {CREDENTIAL, "sts", &value_upstream, at(sts), 0, 0, NULL,
     "URL of STS; that of --region by default, where it has one"},
    {CREDENTIAL, "iam-ca-file", &value_file, at(iam_ca_file), 0, 0, NULL,
     "PEM bundle of CAs that verify --iam and --sts, read again when it changes; the system's CAs "
     "by default"},
    {CREDENTIAL, "iam-proxy", &value_proxy, at(iam_proxy), 0, 0, NULL,
     "HTTP proxy to --iam and --sts, used with CONNECT; --upstream-proxy by default"},
    {CREDENTIAL, "credential-lifetime", &value_duration, at(credential_lifetime_ns), 0, VALUE_DAY,
     "0s",
     "lifetime of an agency's key that is asked for, 15m or more; STS gives an hour at most for a "
     "temporary key, and otherwise the agency's maximum; 0s: 6h of IAM, 1h of STS"},
    {LIMITS, "deadline", &value_duration, at(deadline_ns), VALUE_MS, VALUE_DAY, "30s",
     "deadline of calls that have none"},
    {LIMITS, "max-deadline", &value_duration, at(max_deadline_ns), VALUE_MS, VALUE_DAY, "120s",
     "longest deadline; a longer one is shortened to it"},
    {LIMITS, "max-in-flight", &value_count, at(max_in_flight), 1, 1000000, "1000",
     "largest number of concurrent calls; more are rejected with RESOURCE_EXHAUSTED"},
    {LIMITS, "max-in-flight-per-caller", &value_count, at(max_in_flight_per_caller), 0, 1000000,
     "0",
     "largest number of concurrent calls of one caller, by certificate, user, forwarded identity "
     "or "
     "address; 0: no limit"},
    {LIMITS, "max-connections", &value_count, at(max_connections), 1, 1000000, "1000",
     "largest number of callers' connections; more are closed"},
    {LIMITS, "max-connections-per-peer", &value_count, at(max_connections_per_peer), 1, 1000000,
     "1000", "the same for one IP address, or for one user on Unix sockets"},
    {LIMITS, "max-streams", &value_count, at(max_streams), 1, 1000000, "1000",
     "largest number of concurrent calls on one connection; a client that leaves more calls "
     "unfinished per second is disconnected"},
    {LIMITS, "max-streams-per-peer", &value_count, at(max_streams_per_peer), 1, 1000000, "2000",
     "number of concurrent calls of one IP address, or of one user on Unix sockets; while "
     "it has them, or leaves more unfinished per second, each connection may have 16"},
    {LIMITS, "max-memory", &value_size, at(max_memory_bytes), 0, 1024 * 1024 * MIB, "0",
     "memory of the process above which calls are rejected with RESOURCE_EXHAUSTED; 0: three "
     "quarters of the control group's limit, 512MiB without one"},
    {LIMITS, "max-message", &value_size, at(max_message_bytes), 1, 256 * MIB, "64KiB",
     "largest request message"},
    {LIMITS, "max-response", &value_size, at(max_response_bytes), 1, 256 * MIB, "4MiB",
     "largest body of an upstream response"},
    {LIMITS, "max-metadata", &value_size, at(max_metadata_bytes), 1, 48 * KIB, "16KiB",
     "largest metadata of one call, in total"},
    {LIMITS, "max-metadata-count", &value_count, at(max_metadata_count), 1, 10000, "100",
     "largest number of metadata entries in one call"},
    {LIMITS, "handshake-timeout", &value_duration, at(handshake_timeout_ns), VALUE_MS, VALUE_HOUR,
     "5s", "time in which a new connection has to start HTTP/2"},
    {LIMITS, "idle-timeout", &value_duration, at(idle_timeout_ns), 0, VALUE_DAY, "0s",
     "time after which a connection without calls is closed; 0s: never"},
    {LIMITS, "max-age", &value_duration, at(max_age_ns), 0, VALUE_DAY, "0s",
     "age at which a connection is closed; 0s: never"},
    {LIMITS, "max-age-grace", &value_duration, at(max_age_grace_ns), VALUE_MS, VALUE_DAY, "30s",
     "time for the calls in flight on a connection that reached --max-age"},
    {LIFECYCLE, "drain-delay", &value_duration, at(drain_delay_ns), 0, VALUE_HOUR, "0s",
     "time after SIGTERM in which new calls are still accepted"},
    {LIFECYCLE, "drain-timeout", &value_duration, at(drain_timeout_ns), 0, VALUE_HOUR, "30s",
     "time after --drain-delay for the calls in flight to finish"},
    {LIFECYCLE, "admin", &value_local_address, at(admin), 0, 0, "127.0.0.1:9091",
     "port of /config, POST /quitquitquit and PUT /log-level; never public; only its owner and "
     "root "
     "can connect to a Unix socket, and web pages are refused"},
    {OBSERVABILITY, "monitor", &value_address, at(monitor), 0, 0, "127.0.0.1:9090",
     "port of /livez, /readyz, /startupz and /metrics; read-only, may be public"},
    {OBSERVABILITY, "log-sample", &value_share, at(log_sample), 0, 0, "1",
     "share of the successful calls that are logged"},
    {OBSERVABILITY, "log-level", &value_log_level, at(log_level), 0, 0, "info",
     "lowest level that is logged"},
    {OBSERVABILITY, "log-format", &value_log_format, at(log_format), 0, 0, "json",
     "format of the log: one JSON object per line, or text for people"},
};

const size_t config_option_count = array_length(config_options);

_Static_assert(array_length(config_options) <= OPTION_MOST,
               "an option_set has room for each option");
