/* SPDX-License-Identifier: MIT */
#include "rest/fault_body.h"

#include <string.h>

#include "rest/json.h"

#include "base/banned.h"

/* Where error bodies keep what we look for. Of several that a body has the one with the highest
 * rank counts: the vendor's own names, then the general ones, then those inside one wrapper object
 * (IAM, Keystone). */
static const struct member {
    const char *name;
    size_t depth;
    int rank;
    enum { MEMBER_CODE, MEMBER_MESSAGE, MEMBER_REQUEST_ID } kind;
} members[] = {
    {"error_code", 1, 4, MEMBER_CODE},       {"code", 1, 3, MEMBER_CODE},
    {"error_code", 2, 2, MEMBER_CODE},       {"code", 2, 1, MEMBER_CODE},
    {"error_msg", 1, 4, MEMBER_MESSAGE},     {"message", 1, 3, MEMBER_MESSAGE},
    {"error_msg", 2, 2, MEMBER_MESSAGE},     {"message", 2, 1, MEMBER_MESSAGE},
    {"request_id", 1, 1, MEMBER_REQUEST_ID},
};

/* As much of the upstream's words as a person reads. */
#define MESSAGE_BYTES 512
#define CODE_BYTES 32
#define REQUEST_ID_BYTES 64
#define HOST_BYTES 255
#define FIELD_BYTES 64

/* Longer waits are told as this one. */
#define LONGEST_WAIT_MS INT64_C(3600000)

struct search {
    int rank[3];
    struct text found[3];
};

static bool consider_member(struct text path, struct text value, bool is_string, void *context)
{
    (void)is_string;
    struct search *search = context;
    const char *dot = memrchr(path.at, '.', path.bytes);
    const char *name_at = dot ? dot + 1 : path.at;
    struct text name = {name_at, (size_t)(path.at + path.bytes - name_at)};
    size_t depth = dot ? 2 : 1;
    if (memchr(path.at, '[', path.bytes) || (dot && memchr(path.at, '.', (size_t)(dot - path.at))))
        return true;
    for (size_t i = 0; i < array_length(members); i++) {
        const struct member *member = &members[i];
        if (member->depth != depth || value.bytes == 0 ||
            !text_equal(name, text_of(member->name)) || search->rank[member->kind] >= member->rank)
            continue;
        search->rank[member->kind] = member->rank;
        search->found[member->kind] = value;
    }
    return true;
}

static bool holds(struct text text, struct text part)
{
    return part.bytes > 0 && text.bytes >= part.bytes &&
           memmem(text.at, text.bytes, part.at, part.bytes);
}

static bool is_token_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

/* Codes and ids travel in logs and metadata: a short word of plain characters, or nothing. */
static struct text plain_word(struct text text, size_t most, struct text secret)
{
    if (text.bytes > most || holds(text, secret))
        return (struct text){NULL, 0};
    for (size_t i = 0; i < text.bytes; i++)
        if (!is_token_character(text.at[i]))
            return (struct text){NULL, 0};
    return text;
}

/* One line of text: control characters become spaces. What is a page and not a message, or repeats
 * the credential, is no message. */
static struct text one_line(struct text text, struct text secret, struct arena *arena)
{
    size_t bytes = text_cut(text, MESSAGE_BYTES);
    bool page = holds(text, text_literal("</"));
    char *copy = !page && !holds(text, secret) && text_is_utf8(text)
                     ? arena_copy(arena, text.at, bytes)
                     : NULL;
    if (!copy)
        return (struct text){NULL, 0};
    for (size_t i = 0; i < bytes; i++)
        if ((unsigned char)copy[i] < ' ' || copy[i] == 0x7f)
            copy[i] = ' ';
    return (struct text){copy, bytes};
}

/* What follows `mark` in the text, up to a character that `ends` holds; empty when the mark is not
 * there. */
static struct text text_behind(struct text text, const char *mark, const char *ends)
{
    const char *found = text.bytes ? memmem(text.at, text.bytes, mark, strlen(mark)) : NULL;
    if (!found)
        return (struct text){NULL, 0};
    const char *at = found + strlen(mark), *end = at;
    while (end < text.at + text.bytes && !strchr(ends, *end))
        end++;
    return (struct text){at, (size_t)(end - at)};
}

/* "…over ratelimit,limit:200,time:5 minute": the window's length. */
static int64_t window_ms(struct text message)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"second", 1000}, {"minute", 60000}, {"hour", 3600000}, {"day", 86400000}};
    struct text window = text_behind(message, ",time:", ",;.\"");
    const char *space = window.bytes ? memchr(window.at, ' ', window.bytes) : NULL;
    uint64_t count;
    if (!space || !text_to_u64((struct text){window.at, (size_t)(space - window.at)}, &count) ||
        count > 1000)
        return 0;
    for (size_t i = 0; i < array_length(units); i++)
        if (strncmp(space + 1, units[i].unit, strlen(units[i].unit)) == 0)
            return (int64_t)count * units[i].ms;
    return 0;
}

/* Retry-After, RFC 9110 section 10.2.3: seconds, or a date, which is taken relative to the answer's
 * own. */
static int64_t retry_after_ms(const struct http_answer *answer)
{
    struct text value = http_answer_field(answer, text_literal("Retry-After"));
    int64_t then, now;
    uint64_t seconds;
    if (text_to_u64(value, &seconds))
        return seconds < LONGEST_WAIT_MS / 1000 ? (int64_t)seconds * 1000 : LONGEST_WAIT_MS;
    if (!http_date(value, &then) ||
        !http_date(http_answer_field(answer, text_literal("Date")), &now) || then <= now)
        return 0;
    return then - now < LONGEST_WAIT_MS / 1000 ? (then - now) * 1000 : LONGEST_WAIT_MS;
}

static struct text location_host(const struct http_answer *answer, struct text secret)
{
    struct text location = http_answer_field(answer, text_literal("Location"));
    return plain_word(text_behind(location, "://", "/?#:@"), HOST_BYTES, secret);
}

struct text fault_body_request_id(const struct http_answer *answer, struct text secret)
{
    return plain_word(http_answer_field(answer, text_literal("X-Request-Id")), REQUEST_ID_BYTES,
                      secret);
}

void fault_body_read(const struct http_answer *answer, struct text secret, struct arena *arena,
                     struct fault_body *body)
{
    struct search search = {0};
    struct json_limits limits = {0};
    struct status ignored;
    /* A body that is no JSON, a proxy's page for instance, says nothing that we could pass on. */
    if (!json_walk(answer->body, &limits, arena, consider_member, &search, &ignored))
        search = (struct search){0};
    struct text request_id = fault_body_request_id(answer, secret);
    if (request_id.bytes == 0)
        request_id = plain_word(search.found[MEMBER_REQUEST_ID], REQUEST_ID_BYTES, secret);
    *body = (struct fault_body){
        .code = plain_word(search.found[MEMBER_CODE], CODE_BYTES, secret),
        .message = one_line(search.found[MEMBER_MESSAGE], secret, arena),
        .request_id = request_id,
        .location_host = location_host(answer, secret),
        .wait_ms = retry_after_ms(answer),
    };
    body->field =
        plain_word(text_behind(body->message, "parameterName:", " .,;"), FIELD_BYTES, secret);
    body->window_ms = window_ms(body->message);
}
