/* SPDX-License-Identifier: MIT */
#include "pipeline/failure.h"

#include <string.h>

#include "base/ascii.h"
#include "base/clock.h"

#include "base/banned.h"

/* Failures before anything was sent; the first row that fits counts. */
#define STEP_ANY STEP_COUNT
static const struct {
    enum step step;
    enum status_code code;
    enum reason reason;
    int64_t wait_ms;
} step_rows[] = {
    {STEP_ADMIT, STATUS_PERMISSION_DENIED, REASON_CALLER_NOT_ALLOWED, 0},
    {STEP_ADMIT, STATUS_RESOURCE_EXHAUSTED, REASON_OVERLOADED, DETAILS_SOON_MS},
    {STEP_ADMIT, STATUS_DEADLINE_EXCEEDED, REASON_DEADLINE_EXCEEDED, 0},
    {STEP_RECEIVE, STATUS_UNIMPLEMENTED, REASON_UNKNOWN_METHOD, 0},
    {STEP_RECEIVE, STATUS_UNAVAILABLE, REASON_DRAINING, DETAILS_SOON_MS},
    {STEP_RECEIVE, STATUS_CANCELLED, REASON_CANCELLED, 0},
    {STEP_ADMIT, STATUS_UNAVAILABLE, REASON_DRAINING, DETAILS_SOON_MS},
    {STEP_SIGN, STATUS_UNAVAILABLE, REASON_NO_CREDENTIAL, DETAILS_LATER_MS},
    {STEP_REPLY, STATUS_RESOURCE_EXHAUSTED, REASON_OVERLOADED, DETAILS_SOON_MS},
    {STEP_ANY, STATUS_INVALID_ARGUMENT, REASON_INVALID_REQUEST, 0},
    {STEP_ANY, STATUS_RESOURCE_EXHAUSTED, REASON_LIMIT_EXCEEDED, DETAILS_NEVER_RETRY},
};

/*
 * Exchanges without a response; rest/fault_table.c has those with one. The cause that ended the
 * exchange decides, and whether a byte of the request had left. When none had, or the request only
 * reads, nothing was changed. Otherwise the reason is OUTCOME_UNKNOWN with a pushback of -1, and
 * the code UNKNOWN unless the caller itself has ended the call.
 */
static const struct {
    const char *words;
    enum status_code unchanged;
    enum reason reason;
    int64_t wait_ms;
    enum status_code sent;
    const char *cause; /* of an unknown outcome, for ErrorInfo's metadata */
} exchange_rows[] = {
    [EXCHANGE_CAUSE_NONE] = {"a fault of the sidecar", STATUS_INTERNAL, REASON_INTERNAL,
                             DETAILS_NEVER_RETRY, STATUS_UNKNOWN, ""},
    [EXCHANGE_CAUSE_CONNECT] = {"no connection could be made", STATUS_UNAVAILABLE,
                                REASON_UPSTREAM_UNREACHABLE, DETAILS_SOON_MS, STATUS_UNKNOWN, ""},
    [EXCHANGE_CAUSE_BREAKER] = {"none could be made just before, and none is tried for a moment",
                                STATUS_UNAVAILABLE, REASON_UPSTREAM_UNREACHABLE, DETAILS_SOON_MS,
                                STATUS_UNKNOWN, ""},
    [EXCHANGE_CAUSE_OVERLOADED] = {"the upstream is too slow for the calls that wait for it",
                                   STATUS_RESOURCE_EXHAUSTED, REASON_OVERLOADED, DETAILS_SOON_MS,
                                   STATUS_UNKNOWN, ""},
    [EXCHANGE_CAUSE_THROTTLED] = {"the upstream or --upstream-rate allows fewer calls than wait",
                                  STATUS_RESOURCE_EXHAUSTED, REASON_OVERLOADED, DETAILS_SOON_MS,
                                  STATUS_UNKNOWN, ""},
    [EXCHANGE_CAUSE_LOST] = {"the connection was lost", STATUS_UNAVAILABLE,
                             REASON_UPSTREAM_UNREACHABLE, DETAILS_SOON_MS, STATUS_UNKNOWN,
                             "CONNECTION_LOST"},
    [EXCHANGE_CAUSE_UNREADABLE_RESPONSE] = {"the bytes that came are not a response",
                                            STATUS_UNAVAILABLE, REASON_UPSTREAM_UNREACHABLE,
                                            DETAILS_SOON_MS, STATUS_UNKNOWN, "RESPONSE_UNREADABLE"},
    [EXCHANGE_CAUSE_RESPONSE_TOO_LARGE] = {"the response is larger than --max-response",
                                           STATUS_RESOURCE_EXHAUSTED, REASON_LIMIT_EXCEEDED,
                                           DETAILS_NEVER_RETRY, STATUS_UNKNOWN,
                                           "RESPONSE_TOO_LARGE"},
    [EXCHANGE_CAUSE_NO_MEMORY] = {"no memory is left for the response (--max-memory)",
                                  STATUS_RESOURCE_EXHAUSTED, REASON_OVERLOADED, DETAILS_SOON_MS,
                                  STATUS_UNKNOWN, "NO_MEMORY"},
    [EXCHANGE_CAUSE_DEADLINE] = {"the deadline passed", STATUS_DEADLINE_EXCEEDED,
                                 REASON_DEADLINE_EXCEEDED, 0, STATUS_DEADLINE_EXCEEDED, "DEADLINE"},
    [EXCHANGE_CAUSE_CANCELLED] = {"the caller cancelled, or its connection ended", STATUS_CANCELLED,
                                  REASON_CANCELLED, 0, STATUS_CANCELLED, "CANCELLED"},
    [EXCHANGE_CAUSE_STOPPED] = {"the sidecar stopped (--drain-timeout)", STATUS_UNAVAILABLE,
                                REASON_DRAINING, DETAILS_SOON_MS, STATUS_UNKNOWN, "DRAINING"},
    [EXCHANGE_CAUSE_CONNECTION_AGE] = {"the caller's connection reached its end (--max-age and "
                                       "--max-age-grace)",
                                       STATUS_UNAVAILABLE, REASON_DRAINING, DETAILS_SOON_MS,
                                       STATUS_UNKNOWN, "CONNECTION_AGE"},
    [EXCHANGE_CAUSE_UNPREPARED] = {"the credential is gone", STATUS_UNAVAILABLE,
                                   REASON_NO_CREDENTIAL, DETAILS_LATER_MS, STATUS_UNKNOWN, ""},
};

void failure_of_step(struct details *details, enum step step, const struct status *status)
{
    for (size_t i = 0; i < array_length(step_rows); i++) {
        if (step_rows[i].code != status->code ||
            (step_rows[i].step != STEP_ANY && step_rows[i].step != step))
            continue;
        details_set_reason(details, step_rows[i].reason, step_rows[i].wait_ms);
        return;
    }
    details_set_reason(details, REASON_INTERNAL, DETAILS_NEVER_RETRY);
}

void failure_of_shortage(struct details *details, struct status *status)
{
    details_set_reason(details, REASON_OVERLOADED, DETAILS_SOON_MS);
    status_set(status, STATUS_RESOURCE_EXHAUSTED,
               "no memory for the call is left; --max-memory limits it");
}

static int64_t exchange_wait_ms(const struct exchange *exchange)
{
    if (exchange->local_retry_ns == 0)
        return exchange_rows[exchange->cause].wait_ms;
    return (exchange->local_retry_ns + CLOCK_NS_PER_MS - 1) / CLOCK_NS_PER_MS;
}

/* The option that limits what an exchange ended for. */
static const char *const exchange_limits[EXCHANGE_CAUSE_COUNT] = {
    [EXCHANGE_CAUSE_RESPONSE_TOO_LARGE] = " (--max-response)",
    [EXCHANGE_CAUSE_NO_MEMORY] = " (--max-memory)",
};

/* The advice to the caller of an idempotent method. */
static const char repeatable[] = "repeating it is safe, because it is idempotent";

bool failure_of_exchange(struct details *details, const struct exchange *exchange,
                         enum idempotency idempotency, struct status *status)
{
    enum exchange_cause cause = exchange->cause;
    bool sent = exchange->outcome != EXCHANGE_NOT_SENT;
    const char *limit = exchange_limits[cause] ? exchange_limits[cause] : "";
    if (!sent || idempotency == NO_SIDE_EFFECTS) {
        details_set_reason(details, exchange_rows[cause].reason, exchange_wait_ms(exchange));
        return status_fail(
            status, exchange_rows[cause].unchanged, "%s%s; %s", exchange->status.message, limit,
            sent ? "the request only reads, so nothing was changed" : "nothing was sent");
    }
    details_set_reason(details, REASON_OUTCOME_UNKNOWN, DETAILS_NEVER_RETRY);
    details_add(details, text_literal("cause"), text_of(exchange_rows[cause].cause));
    return status_fail(status, exchange_rows[cause].sent,
                       "%s%s; the request had been sent, so its outcome is unknown: %s",
                       exchange->status.message, limit,
                       idempotency == IDEMPOTENT ? repeatable : "look before you repeat it");
}

/* "APIG.3201" to "APIG_3201"; "HTTP_503" without a code and for IAM's, which repeat the HTTP
 * status: a reason starts with a letter. */
static struct text vendor_reason(const struct fault *fault, unsigned http_status,
                                 struct arena *arena)
{
    struct text code = fault->vendor_code;
    struct buffer reason;
    buffer_init(&reason, arena, 32);
    if (code.size == 0 || !ascii_is_letter(code.data[0])) {
        buffer_add_literal(&reason, "HTTP_");
        buffer_add_u64(&reason, http_status);
        return buffer_text(&reason);
    }
    for (size_t i = 0; i < code.size; i++) {
        char c = code.data[i];
        buffer_add_char(&reason, c == '.' || c == '-' ? '_' : ascii_to_upper(c));
    }
    return buffer_text(&reason);
}

static const struct violations *blame(struct text field, struct text message, struct arena *arena)
{
    struct violations *violations = field.size ? arena_zalloc(arena, sizeof *violations) : NULL;
    if (violations)
        violations->list[violations->count++] =
            (struct violation){.field = field, .message = message};
    return violations;
}

bool failure_of_fault(struct details *details, const struct fault *fault,
                      const struct http_response *response, struct arena *arena,
                      struct status *status)
{
    details->reason = vendor_reason(fault, response->status, arena);
    details->retry_ms = fault->caller_retry_ms;
    if (fault_is_unknown(fault) && fault->effect != FAULT_SYSTEM)
        details_set_reason(details, REASON_OUTCOME_UNKNOWN, DETAILS_NEVER_RETRY);
    details->request_id = fault->request_id;
    details->violations = blame(fault->field, fault->message, arena);
    details_add(details, text_literal("error_code"), fault->vendor_code);
    details_add(details, text_literal("location_host"), fault->location_host);
    return fault_status(fault, response, status);
}

void failure_of_response(struct details *details, const char *cause, struct text request_id)
{
    details_set_reason(details, REASON_OUTCOME_UNKNOWN, DETAILS_NEVER_RETRY);
    details->request_id = request_id;
    details_add(details, text_literal("cause"), text_of(cause));
}

void failure_of_existing(struct details *details, struct status *status)
{
    struct status refusal = *status;
    details_set_reason(details, REASON_OUTCOME_UNKNOWN, DETAILS_NEVER_RETRY);
    status_set(
        status, STATUS_UNKNOWN,
        "%s; an attempt of this call whose response was lost may have created it: look before "
        "you repeat it",
        refusal.message);
}

void failure_of_repeated(struct details *details, struct status *status)
{
    struct status refusal = *status;
    bool ended_by_caller =
        status->code == STATUS_DEADLINE_EXCEEDED || status->code == STATUS_CANCELLED;
    if (text_equal(details->reason, reason_text(REASON_OUTCOME_UNKNOWN)))
        return;
    details_set_reason(details, REASON_OUTCOME_UNKNOWN, DETAILS_NEVER_RETRY);
    status_set(status, ended_by_caller ? status->code : STATUS_UNKNOWN,
               "%s; an earlier attempt, whose response was lost, may have been carried out: %s",
               refusal.message, repeatable);
}

void failure_of_absent(struct details *details, struct status *status)
{
    details_set_reason(details, REASON_NOT_CARRIED_OUT, DETAILS_SOON_MS);
    status_set(status, STATUS_UNAVAILABLE,
               "the response was lost, and a look-up showed that nothing was created");
}

void failure_of_older(struct details *details, struct status *status)
{
    details_set_reason(details, REASON_ALREADY_EXISTS, DETAILS_NEVER_RETRY);
    status_set(status, STATUS_ALREADY_EXISTS,
               "the response was lost, and a look-up showed one that was there before the call");
}

static const char *const reason_meanings[] = {
#define REASON(name, meaning) [REASON_##name] = (meaning),
    REASONS(REASON)
#undef REASON
};

static void write_cell(struct buffer *out, const char *words)
{
    buffer_add_literal(out, "| ");
    buffer_add_text(out, text_of(words));
    buffer_add_char(out, ' ');
}

static void write_code_cell(struct buffer *out, const char *word)
{
    buffer_add_literal(out, "| `");
    buffer_add_text(out, text_of(word));
    buffer_add_literal(out, "` ");
}

static void write_retry_cell(struct buffer *out, int64_t wait_ms)
{
    buffer_add_literal(out, "| ");
    fault_write_retry(out, wait_ms);
    buffer_add_char(out, ' ');
}

/* Of a call that is not committed: the retry policies that the pages recommend have these codes,
 * and a negative pushback stops them. */
static bool is_retried_by_policy(enum status_code code, int64_t wait_ms)
{
    return (code == STATUS_UNAVAILABLE || code == STATUS_RESOURCE_EXHAUSTED) &&
           wait_ms != DETAILS_NEVER_RETRY;
}

static void write_retrier_cell(struct buffer *out, enum status_code code, int64_t wait_ms,
                               bool sidecar)
{
    if (!is_retried_by_policy(code, wait_ms))
        write_cell(out, "nobody");
    else
        write_cell(out, sidecar ? "the sidecar; then the client's policy" : "the client's policy");
}

static void write_exchange_rows(struct buffer *out)
{
    buffer_add_literal(
        out,
        "| without a response, because | nothing had left, or it only reads | "
        "reason | who retries | repeat after | something had left "
        "(OUTCOME_UNKNOWN); the sidecar retries "
        "what is idempotent after a lost connection, nobody else |\n|---|---|---|---|---|---|\n");
    for (size_t i = EXCHANGE_CAUSE_CONNECT; i < array_length(exchange_rows); i++) {
        write_cell(out, exchange_rows[i].words);
        write_code_cell(out, status_code_name(exchange_rows[i].unchanged));
        write_code_cell(out, reason_names[exchange_rows[i].reason]);
        write_retrier_cell(out, exchange_rows[i].unchanged, exchange_rows[i].wait_ms,
                           i == EXCHANGE_CAUSE_CONNECT || i == EXCHANGE_CAUSE_LOST);
        write_retry_cell(out, exchange_rows[i].wait_ms);
        if (exchange_rows[i].cause[0] == '\0')
            write_cell(out, "—");
        else
            write_code_cell(out, status_code_name(exchange_rows[i].sent));
        buffer_add_literal(out, "|\n");
    }
}

static void write_step_rows(struct buffer *out)
{
    buffer_add_literal(out, "\n| refused before anything was sent, at step | gRPC code | reason | "
                            "who retries | repeat after |\n|---|---|---|---|---|\n");
    for (size_t i = 0; i < array_length(step_rows); i++) {
        write_cell(out, step_rows[i].step == STEP_ANY ? "any" : step_names[step_rows[i].step]);
        write_code_cell(out, status_code_name(step_rows[i].code));
        write_code_cell(out, reason_names[step_rows[i].reason]);
        write_retrier_cell(out, step_rows[i].code, step_rows[i].wait_ms, false);
        write_retry_cell(out, step_rows[i].wait_ms);
        buffer_add_literal(out, "|\n");
    }
}

void failure_write_markdown(struct buffer *out)
{
    write_exchange_rows(out);
    write_step_rows(out);
    buffer_add_literal(out, "\n| reason | what it says |\n|---|---|\n");
    for (size_t i = 0; i < REASON_COUNT; i++) {
        write_code_cell(out, reason_names[i]);
        write_cell(out, reason_meanings[i]);
        buffer_add_literal(out, "|\n");
    }
}
