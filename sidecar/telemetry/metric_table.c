/* SPDX-License-Identifier: MIT */
#include "base/status.h"
#include "telemetry/log.h"
#include "telemetry/metric_cells.h"

#include "base/banned.h"

#define ROW(id, name, type, unit, first, second, help)                                             \
    [METRIC_##id] = {                                                                              \
        (name), METRIC_##type, (unit), {METRIC_LABEL_##first, METRIC_LABEL_##second}, (help)}
#define LABEL(id, name, source, names)                                                             \
    [METRIC_LABEL_##id] = {(name), METRIC_##source, {(names), array_length(names)}}

/*
 * Names and units follow Prometheus' conventions. Where OpenTelemetry's semantic conventions for
 * RPC and HTTP have a name, it is used as exporters write it for Prometheus. Values of the unit
 * seconds are counted in nanoseconds.
 */
const struct metric_row metric_rows[METRIC_COUNT] = {
    ROW(CALLS, "rpc_server_calls_total", COUNTER, "", METHOD, CODE,
        "Calls that have ended, without those of health and reflection, by the code of their "
        "status. CANCELLED: the caller cancelled or disconnected."),
    ROW(CALL_DURATION, "rpc_server_call_duration_seconds", HISTOGRAM, "seconds", METHOD, NONE,
        "Time from a call's request message to its reply."),
    ROW(CALLS_ENDED, "apig_sidecar_calls_ended_total", COUNTER, "", STEP, NONE,
        "Calls by the step that ended them: reply for those that succeeded."),
    ROW(FAILURES, "apig_sidecar_failures_total", COUNTER, "", REASON, NONE,
        "Calls that failed, by the reason in their ErrorInfo; _OTHER: reasons of the service, see "
        "apig_sidecar_upstream_responses_total."),
    ROW(CALLS_IN_FLIGHT, "apig_sidecar_calls_in_flight", GAUGE, "", NONE, NONE,
        "Calls under way, of which --max-in-flight are allowed."),
    ROW(CONNECTIONS, "apig_sidecar_connections", GAUGE, "", NONE, NONE,
        "Connections of callers that are open; --max-connections are allowed."),
    ROW(CONNECTIONS_ACCEPTED, "apig_sidecar_connections_accepted_total", COUNTER, "", NONE, NONE,
        "Connections of callers that were accepted."),
    ROW(CONNECTIONS_REFUSED, "apig_sidecar_connections_refused_total", COUNTER, "",
        CONNECTION_REFUSAL, NONE,
        "Connections of callers that were refused, by the option that limits them, the kernel's "
        "reason or the failure of the TLS handshake."),
    ROW(CONNECTIONS_CLOSED, "apig_sidecar_connections_closed_total", COUNTER, "", CLOSE, NONE,
        "Connections of callers that ended after they were accepted. caller: the caller ended it; "
        "refused: see apig_sidecar_connections_refused_total; handshake_timeout: HTTP/2 had not "
        "begun within --handshake-timeout; protocol_error: the caller broke HTTP/2 or a limit of "
        "it; unfinished_calls: it left more calls unfinished than --max-streams allows; stalled: "
        "it did not read its responses for 30 s; idle: --idle-timeout; age: --max-age; drain: the "
        "sidecar stops; internal: a fault of the sidecar."),
    ROW(CALLERS_DENIED, "apig_sidecar_callers_denied_total", COUNTER, "", CALLER, NONE,
        "Calls of callers that --allow-callers does not list."),
    ROW(MEMORY_RESERVED, "apig_sidecar_memory_reserved_bytes", GAUGE, "bytes", NONE, NONE,
        "Memory that callers' connections, calls and responses take, as the sidecar accounts it."),
    ROW(MEMORY_BUDGET, "apig_sidecar_memory_budget_bytes", GAUGE, "bytes", NONE, NONE,
        "Memory that they may take: --max-memory without the memory of the idle process."),
    ROW(MEMORY_REFUSALS, "apig_sidecar_memory_refusals_total", COUNTER, "", SHED, NONE,
        "Connections, calls and responses that were refused because of that budget or the peer's "
        "share of it."),
    ROW(UPSTREAM_RESPONSES, "apig_sidecar_upstream_responses_total", COUNTER, "", HTTP_STATUS,
        VENDOR_CODE,
        "Responses of the upstream, by HTTP status and error_code; _OTHER: values that came after "
        "many different ones."),
    ROW(UPSTREAM_EXCHANGES, "apig_sidecar_upstream_exchanges_total", COUNTER, "", OUTCOME, CAUSE,
        "Requests handed to the upstream, retries and look-ups included, by their outcome and, "
        "without a response, by what ended them."),
    ROW(UPSTREAM_DURATION, "http_client_request_duration_seconds", HISTOGRAM, "seconds", NONE, NONE,
        "Time from a request's first byte to the end of its response, or to its failure."),
    ROW(UPSTREAM_QUEUE_DURATION, "apig_sidecar_upstream_queue_duration_seconds", HISTOGRAM,
        "seconds", NONE, NONE, "Time that requests waited for a connection."),
    ROW(UPSTREAM_CONNECT_DURATION, "apig_sidecar_upstream_connect_duration_seconds", HISTOGRAM,
        "seconds", NONE, NONE,
        "Time that connections to the upstream took to open, from the look-up of the name to the "
        "end of the TLS handshake."),
    ROW(UPSTREAM_CONNECTS, "apig_sidecar_upstream_connects_total", COUNTER, "", RESULT, NONE,
        "Attempts to connect to the upstream."),
    ROW(UPSTREAM_CONNECTIONS, "apig_sidecar_upstream_connections", GAUGE, "", NONE, NONE,
        "Connections to the upstream that are open."),
    ROW(UPSTREAM_CONNECTION_USES, "apig_sidecar_upstream_connection_uses_total", COUNTER, "",
        CONNECTION, NONE,
        "Requests that were written to a connection, by whether the connection was new or reused."),
    ROW(UPSTREAM_BREAKERS_OPEN, "apig_sidecar_upstream_breakers_open", GAUGE, "", NONE, NONE,
        "Upstream threads whose breaker is open or half open, after failed connects."),
    ROW(UPSTREAM_BREAKER_CHANGES, "apig_sidecar_upstream_breaker_changes_total", COUNTER, "",
        BREAKER, NONE,
        "Changes of the upstream threads' breakers, by the new state: open after a failed connect, "
        "half_open while a connection is tried, closed when it succeeds."),
    ROW(UPSTREAM_LIMIT, "apig_sidecar_upstream_limit", GAUGE, "", NONE, NONE,
        "Requests that may be under way at a time, without those that hang; it follows the "
        "upstream."),
    ROW(UPSTREAM_HUNG, "apig_sidecar_upstream_hung", GAUGE, "", NONE, NONE,
        "Requests that have been under way for over four times as long as others take."),
    ROW(UPSTREAM_WAITING, "apig_sidecar_upstream_waiting", GAUGE, "", NONE, NONE,
        "Calls that wait for a connection or for the rate."),
    ROW(UPSTREAM_RATE_INTERVAL, "apig_sidecar_upstream_rate_interval_seconds", GAUGE, "seconds",
        NONE, NONE,
        "Time between calls that the rate allows, --upstream-rate or the one learned from an "
        "upstream that throttles: 1 divided by it is calls per second. 0 without a limit."),
    ROW(UPSTREAM_RETRIES, "apig_sidecar_upstream_retries_total", COUNTER, "", RETRY, NONE,
        "Requests that were retried: with a newer credential, after they were throttled, because "
        "the upstream had not "
        "processed them, because the response to an idempotent one was lost, or because a look-up "
        "found nothing created."),
    ROW(RECOVERIES, "apig_sidecar_recoveries_total", COUNTER, "", LOOKUP_VERDICT, NONE,
        "Look-ups of creates whose response was lost, by their result."),
    ROW(FILE_LOADS, "apig_sidecar_file_loads_total", COUNTER, "", FILE, RESULT,
        "Loads of files at the start or after a change: ok when the new content is in use, failed "
        "when the content loaded before stays in use."),
    ROW(CREDENTIAL_READY, "apig_sidecar_credential_ready", GAUGE, "", NONE, NONE,
        "1 when a credential is loaded."),
    ROW(CREDENTIAL_TIME, "apig_sidecar_credential_timestamp_seconds", GAUGE, "seconds", KIND, NONE,
        "When the credential in use was loaded, in seconds since 1970, by its kind, token or key: "
        "time() minus this is its age. 0 without one of that kind."),
    ROW(CREDENTIAL_EXPIRY, "apig_sidecar_credential_expiry_timestamp_seconds", GAUGE, "seconds",
        NONE, NONE,
        "When the life of the credential in use ends, in seconds since 1970. 0 without one, or "
        "without an end that is known."),
    ROW(CREDENTIAL_FETCHES, "apig_sidecar_credential_fetches_total", COUNTER, "", SOURCE, RESULT,
        "Fetches of a credential from its source."),
    ROW(CREDENTIAL_FETCH_DURATION, "apig_sidecar_credential_fetch_duration_seconds", HISTOGRAM,
        "seconds", SOURCE, NONE, "Time that fetches of a credential took."),
    ROW(CREDENTIAL_REFUSALS, "apig_sidecar_credential_refusals_total", COUNTER, "",
        CREDENTIAL_VERDICT, NONE,
        "Responses that refused the credential, by what they mean: renew when another one may be "
        "accepted, clock when the time of the signature was off, wrong when the access key is, "
        "pause when it is locked."),
    ROW(CLOCK_OFFSET, "apig_sidecar_clock_offset_seconds", GAUGE, "seconds", NONE, NONE,
        "The upstream's clock minus this one's, by which signatures are corrected; 0 below a "
        "minute."),
    ROW(DRAINING, "apig_sidecar_draining", GAUGE, "", NONE, NONE,
        "1 while the sidecar drains: calls under way may finish."),
    ROW(LOG_LINES_SUPPRESSED, "apig_sidecar_log_lines_suppressed_total", COUNTER, "", LOG_LOSS,
        NONE,
        "Log lines that were not written: because of a rate limit, because the reader of stderr "
        "was slow, or because writing to stderr failed."),
    ROW(BUILD_INFO, "apig_sidecar_build_info", GAUGE, "", VERSION, REVISION,
        "Always 1; the version and the git revision are its labels."),
    ROW(PROCESS_CPU, "process_cpu_seconds_total", COUNTER, "seconds", NONE, NONE,
        "User and system time of this process."),
    ROW(PROCESS_MEMORY, "process_resident_memory_bytes", GAUGE, "bytes", NONE, NONE,
        "Memory of this process that is in RAM."),
    ROW(PROCESS_OPEN_FDS, "process_open_fds", GAUGE, "", NONE, NONE,
        "File descriptors that are open."),
    ROW(PROCESS_MAX_FDS, "process_max_fds", GAUGE, "", NONE, NONE,
        "File descriptors that may be open."),
    ROW(PROCESS_START, "process_start_time_seconds", GAUGE, "seconds", NONE, NONE,
        "When this process started, in seconds since 1970."),
};

static const char *const none[] = {""};
static const char *const connections[] = {
    [METRIC_CONNECTION_NEW] = "new",
    [METRIC_CONNECTION_REUSED] = "reused",
};
static const char *const closes[] = {
    [METRIC_CLOSE_CALLER] = "caller",
    [METRIC_CLOSE_REFUSED] = "refused",
    [METRIC_CLOSE_HANDSHAKE_TIMEOUT] = "handshake_timeout",
    [METRIC_CLOSE_PROTOCOL_ERROR] = "protocol_error",
    [METRIC_CLOSE_UNFINISHED_CALLS] = "unfinished_calls",
    [METRIC_CLOSE_STALLED] = "stalled",
    [METRIC_CLOSE_IDLE] = "idle",
    [METRIC_CLOSE_AGE] = "age",
    [METRIC_CLOSE_DRAIN] = "drain",
    [METRIC_CLOSE_INTERNAL] = "internal",
};
static const char *const shed[] = {
    [METRIC_SHED_CALL] = "call",
    [METRIC_SHED_CONNECTION] = "connection",
    [METRIC_SHED_RESPONSE] = "response",
};
static const char *const retries[] = {
    [METRIC_RETRY_CREDENTIAL] = "credential", [METRIC_RETRY_THROTTLED] = "throttled",
    [METRIC_RETRY_REJECTED] = "rejected",     [METRIC_RETRY_LOST] = "lost",
    [METRIC_RETRY_ABSENT] = "absent",
};
static const char *const files[] = {
    [METRIC_FILE_TOKEN] = "token",
    [METRIC_FILE_CERTIFICATE] = "certificate",
    [METRIC_FILE_UPSTREAM_CA] = "upstream_ca",
    [METRIC_FILE_IAM_CA] = "iam_ca",
};
static const char *const kinds[] = {
    [METRIC_KIND_TOKEN] = "token",
    [METRIC_KIND_KEY] = "key",
};
static const char *const sources[] = {
    [METRIC_ISSUER_KEYS] = "keys",
    [METRIC_ISSUER_METADATA] = "metadata",
    [METRIC_ISSUER_POD_IDENTITY] = "pod-identity",
    [METRIC_ISSUER_OIDC] = "oidc-token-file",
    [METRIC_ISSUER_IAM_USER] = "iam-user",
    [METRIC_ISSUER_AGENCY] = "agency",
};
static const char *const credential_verdicts[] = {
    [METRIC_CREDENTIAL_VERDICT_RENEW] = "renew",
    [METRIC_CREDENTIAL_VERDICT_CLOCK] = "clock",
    [METRIC_CREDENTIAL_VERDICT_WRONG] = "wrong",
    [METRIC_CREDENTIAL_VERDICT_PAUSE] = "pause",
};
static const char *const results[] = {
    [METRIC_OK] = "ok",
    [METRIC_FAILED] = "failed",
};
static const char *const log_losses[] = {
    [LOG_LOSS_RATE_LIMIT] = "rate_limit",
    [LOG_LOSS_SLOW_READER] = "slow_reader",
    [LOG_LOSS_WRITE_FAILED] = "write_failed",
};
static const char *const codes[] = {
#define STATUS_CODE(number, name) [number] = #name,
    STATUS_CODES(STATUS_CODE)
#undef STATUS_CODE
};

const struct metric_label_row metric_label_rows[METRIC_LABEL_COUNT] = {
    LABEL(NONE, "", FIXED, none),
    LABEL(METHOD, "rpc_method", GIVEN, none),
    LABEL(CODE, "rpc_response_status_code", FIXED, codes),
    LABEL(STEP, "step", GIVEN, none),
    LABEL(REASON, "reason", GIVEN, none),
    LABEL(CONNECTION_REFUSAL, "cause", SEEN, none),
    LABEL(CALLER, "caller", SEEN, none),
    LABEL(CLOSE, "reason", FIXED, closes),
    LABEL(SHED, "kind", FIXED, shed),
    LABEL(HTTP_STATUS, "http_response_status_code", SEEN, none),
    LABEL(VENDOR_CODE, "vendor_code", SEEN, none),
    LABEL(OUTCOME, "outcome", GIVEN, none),
    LABEL(CAUSE, "cause", GIVEN, none),
    LABEL(CONNECTION, "connection", FIXED, connections),
    LABEL(BREAKER, "state", GIVEN, none),
    LABEL(RETRY, "cause", FIXED, retries),
    LABEL(LOOKUP_VERDICT, "verdict", GIVEN, none),
    LABEL(FILE, "file", FIXED, files),
    LABEL(RESULT, "result", FIXED, results),
    LABEL(SOURCE, "source", FIXED, sources),
    LABEL(CREDENTIAL_VERDICT, "verdict", FIXED, credential_verdicts),
    LABEL(LOG_LOSS, "cause", FIXED, log_losses),
    LABEL(KIND, "kind", FIXED, kinds),
    LABEL(VERSION, "version", GIVEN, none),
    LABEL(REVISION, "revision", GIVEN, none),
};

const struct metric_bound metric_bounds[METRIC_BOUNDS] = {
    {1000000, "0.001"},    {2500000, "0.0025"},   {5000000, "0.005"},  {10000000, "0.01"},
    {25000000, "0.025"},   {50000000, "0.05"},    {100000000, "0.1"},  {250000000, "0.25"},
    {500000000, "0.5"},    {1000000000, "1.0"},   {2500000000, "2.5"}, {5000000000, "5.0"},
    {10000000000, "10.0"}, {30000000000, "30.0"},
};
