/* SPDX-License-Identifier: MIT */
#include "rest/fault_body.h"

#include <string.h>

#include "base/ascii.h"
#include "json/json.h"
#include "system/redact.h"

#include "base/banned.h"

/* The place of a member in a body: in the outer object, in a wrapper object, in the first element
 * of a list, or elsewhere. */
enum place { OUTER, WRAPPED, LISTED, ELSEWHERE };

/* The members of error bodies that are read. Of several members of a kind the one with the highest
 * rank counts: the names of the vendor, then general names, then those inside of one wrapper object
 * (IAM, Keystone), then those of a list. */
static const struct member {
    const char *name;
    enum place place;
    int rank;
    enum { MEMBER_CODE, MEMBER_MESSAGE, MEMBER_REQUEST_ID } kind;
} members[] = {
    {"error_code", OUTER, 6, MEMBER_CODE},       {"code", OUTER, 5, MEMBER_CODE},
    {"error_code", WRAPPED, 4, MEMBER_CODE},     {"code", WRAPPED, 3, MEMBER_CODE},
    {"error_code", LISTED, 2, MEMBER_CODE},      {"code", LISTED, 1, MEMBER_CODE},
    {"error_msg", OUTER, 6, MEMBER_MESSAGE},     {"message", OUTER, 5, MEMBER_MESSAGE},
    {"error_msg", WRAPPED, 4, MEMBER_MESSAGE},   {"message", WRAPPED, 3, MEMBER_MESSAGE},
    {"error_msg", LISTED, 2, MEMBER_MESSAGE},    {"message", LISTED, 1, MEMBER_MESSAGE},
    {"request_id", OUTER, 6, MEMBER_REQUEST_ID}, {"request_id", LISTED, 2, MEMBER_REQUEST_ID},
};

/* The highest rank of a member that is not in the outer object. */
#define INNER_RANK 4

/* The largest sizes of texts that are copied from the upstream. */
#define MESSAGE_BYTES 512
#define CODE_BYTES 32
#define REQUEST_ID_BYTES 64
#define HOST_BYTES 255
#define FIELD_BYTES 64

/* Larger numbers of a limit that the upstream names are reduced to these: a year, and more calls
 * than any upstream serves in one. */
#define LONGEST_WINDOW_MS (366 * INT64_C(86400000))
#define MOST_WINDOW_CALLS INT64_C(1000000000000)

struct search {
    int rank[3];
    struct text found[3];
};

/* Returns the place of the members whose paths begin with `path`: "error.", "errors[0]." or "". */
static enum place place_of(struct text path)
{
    static const struct text first_of_list[] = {{"[0].", 4}, {"errors[0].", 10}};
    if (path.size == 0)
        return OUTER;
    for (size_t i = 0; i < array_length(first_of_list); i++)
        if (text_equal(path, first_of_list[i]))
            return LISTED;
    bool deep = text_contains(path, '[') || text_until(path, '.').size + 1 < path.size;
    return deep ? ELSEWHERE : WRAPPED;
}

static bool consider_member(struct text path, struct text value, bool is_string, void *context)
{
    (void)is_string;
    struct search *search = context;
    const char *dot = memrchr(path.data, '.', path.size);
    const char *name_at = dot ? dot + 1 : path.data;
    struct text name = {name_at, (size_t)(path.data + path.size - name_at)};
    enum place place = place_of((struct text){path.data, (size_t)(name_at - path.data)});
    for (size_t i = 0; i < array_length(members); i++) {
        const struct member *member = &members[i];
        if (member->place != place || value.size == 0 || !text_equal(name, text_of(member->name)) ||
            search->rank[member->kind] >= member->rank)
            continue;
        search->rank[member->kind] = member->rank;
        search->found[member->kind] = value;
    }
    return true;
}

static bool is_token_character(char c)
{
    return ascii_is_alphanumeric(c) || ascii_is_one_of(c, "._-");
}

static struct text keep(struct text text, struct arena *arena)
{
    const char *copy = text.size ? arena_copy(arena, text.data, text.size) : NULL;
    return (struct text){copy, copy ? text.size : 0};
}

/* Returns a short word of plain characters, or nothing, because codes and ids are used in logs and
 * metadata. */
static struct text plain_word(struct text text, size_t most, struct secret_list *secrets)
{
    if (text.size > most || !text_consists_of(text, is_token_character))
        return (struct text){NULL, 0};
    /* None of these characters is part of an escape. */
    return secret_list_search(secrets, text, NULL, NULL) ? (struct text){NULL, 0} : text;
}

/* True for a text with a tag, a comment or a document type, because it is a page and not a message.
 */
static bool is_page(struct text text)
{
    for (size_t i = 0; i + 1 < text.size; i++) {
        char next = text.data[i + 1];
        if (text.data[i] == '<' && (ascii_is_letter(next) || next == '/' || next == '!'))
            return true;
    }
    return false;
}

/* Characters that do not look like one line from left to right: C1 controls, separators of lines
 * and paragraphs, and characters that change the direction of writing. Each row is a range of the
 * last byte of their UTF-8. */
static const struct {
    const char *first;
    size_t bytes;
    unsigned char last;
} disturbing[] = {
    {"\xc2\x80", 2, 0x9f},     {"\xd8\x9c", 2, 0x9c},     {"\xe2\x80\x8e", 3, 0x8f},
    {"\xe2\x80\xa8", 3, 0xae}, {"\xe2\x81\xa6", 3, 0xa9},
};

/* Returns the size of a disturbing character; 0 for another one. */
static size_t disturbing_bytes(struct text rest)
{
    unsigned char first = (unsigned char)rest.data[0];
    if (first < ' ' || first == 0x7f)
        return 1;
    for (size_t i = 0; i < array_length(disturbing); i++) {
        const char *wanted = disturbing[i].first;
        size_t bytes = disturbing[i].bytes;
        if (rest.size >= bytes && memcmp(rest.data, wanted, bytes - 1) == 0 &&
            (unsigned char)rest.data[bytes - 1] >= (unsigned char)wanted[bytes - 1] &&
            (unsigned char)rest.data[bytes - 1] <= disturbing[i].last)
            return bytes;
    }
    return 0;
}

/* Returns one line of text without secrets, in which disturbing characters are spaces. A page is
 * not returned. */
static struct text one_line(struct text text, struct secret_list *secrets, struct arena *arena)
{
    size_t bytes = text_cut(text, MESSAGE_BYTES), used = 0;
    char *line = text.size > 0 && !is_page(text) && text_is_utf8(text)
                     ? arena_copy(arena, text.data, bytes)
                     : NULL;
    if (!line)
        return (struct text){NULL, 0};
    for (size_t at = 0; at < bytes; used++) {
        size_t disturbs = disturbing_bytes((struct text){line + at, bytes - at});
        line[used] = disturbs ? ' ' : line[at];
        at += disturbs ? disturbs : 1;
    }
    return (struct text){line, redact(secrets, line, used)};
}

/* Returns the text that follows `mark`, up to a character of `ends`; empty without the mark. */
static struct text text_behind(struct text text, const char *mark, const char *ends)
{
    const char *found = text.size ? memmem(text.data, text.size, mark, strlen(mark)) : NULL;
    if (!found)
        return (struct text){NULL, 0};
    const char *at = found + strlen(mark), *end = at;
    while (end < text.data + text.size && !strchr(ends, *end))
        end++;
    return (struct text){at, (size_t)(end - at)};
}

/* Reads a number of any size, reduced to `most`. False, with `number` untouched, when `digits` is
 * not a number. */
static bool read_number(struct text digits, int64_t most, int64_t *number)
{
    int64_t read = 0;
    for (size_t i = 0; i < digits.size; i++) {
        if (!ascii_is_digit(digits.data[i]))
            return false;
        read = read * 10 + (digits.data[i] - '0');
        if (read > most)
            read = most;
    }
    if (digits.size > 0)
        *number = read;
    return digits.size > 0;
}

/* Returns the length of the window in "…over ratelimit,limit:200,time:5 minute"; 0 without one. */
static int64_t window_ms(struct text message)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"second", 1000}, {"minute", 60000}, {"hour", 3600000}, {"day", 86400000}};
    struct text unit = text_behind(message, ",time:", ",;.\""), digits;
    int64_t count = 0;
    if (!text_take_until(&unit, ' ', &digits))
        return 0;
    for (size_t i = 0; i < array_length(units); i++)
        if (text_starts_with(unit, text_of(units[i].unit)) &&
            read_number(digits, LONGEST_WINDOW_MS / units[i].ms, &count))
            return count * units[i].ms;
    return 0;
}

/* Returns the number of calls in the same text; 0 without one. */
static int64_t window_calls(struct text message)
{
    int64_t calls = 0;
    (void)read_number(text_behind(message, ",limit:", ",;.\""), MOST_WINDOW_CALLS, &calls);
    return calls;
}

/* Reads Retry-After (RFC 9110 section 10.2.3): seconds, or a date, which is compared with the Date
 * of the response. A date without a later one gives no wait. False when the field is neither. */
static bool read_retry_after(const struct http_response *response, int64_t *wait_ms)
{
    struct text value = http_response_field(response, text_literal("Retry-After"));
    int64_t then, now, seconds = 0;
    if (!http_date(value, &then)) {
        if (!read_number(value, FAULT_LONGEST_WAIT_MS / 1000, &seconds))
            return false;
    } else if (http_date(http_response_field(response, text_literal("Date")), &now) && now < then) {
        seconds = then - now;
    }
    *wait_ms = seconds < FAULT_LONGEST_WAIT_MS / 1000 ? seconds * 1000 : FAULT_LONGEST_WAIT_MS;
    return true;
}

/* True when Envoy reports that it did not forward the request, because its circuit breaker or its
 * rate limit is full. */
static bool envoy_shed_it(const struct http_response *response)
{
    return http_response_field(response, text_literal("x-envoy-overloaded")).size > 0 ||
           http_response_field(response, text_literal("x-envoy-ratelimited")).size > 0;
}

/* Returns the host of Location, without user, password and port. */
static struct text location_host(const struct http_response *response, struct secret_list *secrets)
{
    struct text location = http_response_field(response, text_literal("Location")),
                authority = text_behind(location, "://", "/?#");
    const char *at = authority.size ? memrchr(authority.data, '@', authority.size) : NULL;
    if (at)
        authority = (struct text){at + 1, (size_t)(authority.data + authority.size - at - 1)};
    return plain_word(text_until(authority, ':'), HOST_BYTES, secrets);
}

struct text fault_body_request_id(const struct http_response *response, struct secret_list *secrets)
{
    return plain_word(http_response_field(response, text_literal("X-Request-Id")), REQUEST_ID_BYTES,
                      secrets);
}

/* Reads the members of a body. When the body is cut off, or is JSON only up to some byte, complete
 * members of the outer object still count, because the code of the vendor is more exact than the
 * HTTP status. */
static void search_body(struct text body, struct arena *scratch, struct search *search)
{
    const struct json_limits limits = {0};
    struct status ignored;
    if (json_visit(json_without_mark(body), &limits, scratch, consider_member, search, &ignored))
        return;
    for (size_t kind = 0; kind < array_length(search->found); kind++)
        if (search->rank[kind] <= INNER_RANK)
            search->found[kind] = (struct text){NULL, 0};
}

/* True for "APIG.3201"; false for "401" and nothing. */
static bool is_vendors_code(struct text code)
{
    return code.size > 0 && ascii_is_letter(code.data[0]);
}

/* Reads a body in the message, because a server that forwards the error of another one may put its
 * whole body there as text. The inner message counts, and the inner code if the server has no code
 * of its own. */
static void search_message(struct arena *scratch, struct search *search)
{
    struct search inner = {0};
    struct text text = search->found[MEMBER_MESSAGE];
    if (text.size == 0 || (text.data[0] != '{' && text.data[0] != '['))
        return;
    search_body(text, scratch, &inner);
    for (size_t kind = 0; kind < array_length(inner.found); kind++) {
        bool has_own = kind == MEMBER_CODE ? is_vendors_code(search->found[kind])
                                           : kind != MEMBER_MESSAGE && search->found[kind].size;
        if (inner.found[kind].size && !has_own)
            search->found[kind] = inner.found[kind];
    }
}

/* The text of a bad signature repeats the request that was signed, with the security token. */
static struct text without_canonical_request(struct text message)
{
    static const struct text mark = {"canonicalRequest", 16};
    const char *found =
        message.size ? memmem(message.data, message.size, mark.data, mark.size) : NULL;
    if (found)
        message.size = (size_t)(found - message.data) + mark.size;
    return message;
}

void fault_body_read(const struct http_response *response, struct secret_list *secrets,
                     struct arena *scratch, struct arena *arena, struct fault_body *body)
{
    struct search search = {0};
    search_body(response->body, scratch, &search);
    search_message(scratch, &search);
    struct text code = search.found[MEMBER_CODE], message = search.found[MEMBER_MESSAGE],
                request_id = fault_body_request_id(response, secrets);
    if (request_id.size == 0)
        request_id = plain_word(search.found[MEMBER_REQUEST_ID], REQUEST_ID_BYTES, secrets);
    *body = (struct fault_body){
        .code = keep(plain_word(code, CODE_BYTES, secrets), arena),
        .message = one_line(without_canonical_request(message), secrets, arena),
        .request_id = keep(request_id, arena),
        .location_host = keep(location_host(response, secrets), arena),
        .is_header_page = text_behind(response->body, FAULT_HEADER_PAGE, "").data != NULL,
    };
    body->shed = read_retry_after(response, &body->wait_ms) || envoy_shed_it(response);
    body->field =
        plain_word(text_behind(body->message, "parameterName:", " .,;"), FIELD_BYTES, secrets);
    body->window_ms = window_ms(body->message);
    body->window_calls = window_calls(body->message);
}
