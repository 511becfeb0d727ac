/* SPDX-License-Identifier: MIT */
#include "http2/request.h"

#include "base/ascii.h"
#include "http2/header_block.h"
#include "http2/header_field.h"

#include "base/banned.h"

/* RFC 9113 section 6.5.2. */
#define FIELD_OVERHEAD 32

/* The treatment of a field that has been checked. */
enum use { PASS, DROP };

struct known_field {
    struct text name;
    enum use (*take)(struct request *request, struct text value);
    bool once;   /* a second one is a fault of gRPC's; of a pseudo-header field always of HTTP's */
    bool judges; /* `take` looks at each byte of the value */
    enum header_place place; /* of its name in the static table; 0: none */
    struct text whole;       /* the value that it has there */
};

static enum use fail(struct request *request, enum stream_fault fault)
{
    if (request->fault == STREAM_FAULT_NONE || fault == STREAM_FAULT_MALFORMED)
        request->fault = fault;
    return DROP;
}

static enum use require(struct request *request, bool good, enum stream_fault fault)
{
    return good ? PASS : fail(request, fault);
}

static enum use forbid(struct request *request, struct text value)
{
    (void)value;
    return fail(request, STREAM_FAULT_MALFORMED);
}

static enum use take_method(struct request *request, struct text value)
{
    request->is_connect = text_equal(value, text_literal("CONNECT"));
    if (value.size == 0 || !header_value_is_visible(value))
        return fail(request, STREAM_FAULT_MALFORMED);
    return require(request, text_equal(value, text_literal("POST")), STREAM_FAULT_NOT_POST);
}

static enum use take_scheme(struct request *request, struct text value)
{
    bool known =
        text_equal(value, text_literal("http")) || text_equal(value, text_literal("https"));
    return require(request, known, STREAM_FAULT_SCHEME);
}

static enum use take_path(struct request *request, struct text value)
{
    bool good = value.size > 0 && value.data[0] == '/' && header_value_is_visible(value);
    return require(request, good, STREAM_FAULT_MALFORMED);
}

static enum use take_authority(struct request *request, struct text value)
{
    return require(request, header_authority_is_legal(value), STREAM_FAULT_MALFORMED);
}

static struct text text_in_block(const struct request *request, struct block_text text)
{
    return (struct text){(const char *)request->block->data + text.at, text.size};
}

/* :authority takes the place of host, which must not name another (RFC 9113 section 8.3.1). */
static enum use take_host(struct request *request, struct text value)
{
    if (!header_authority_is_legal(value))
        return fail(request, STREAM_FAULT_MALFORMED);
    if (!request->block || request->authority.size == 0)
        return PASS;
    return text_equal_nocase(text_in_block(request, request->authority), value)
               ? DROP
               : fail(request, STREAM_FAULT_MALFORMED);
}

static enum use take_te(struct request *request, struct text value)
{
    return require(request, text_equal(value, text_literal("trailers")), STREAM_FAULT_MALFORMED);
}

static enum use take_content_type(struct request *request, struct text value)
{
    bool grpc = text_take_prefix(&value, text_literal("application/grpc"));
    if (grpc)
        (void)text_take_prefix(&value, text_literal("+proto"));
    bool ends = value.size == 0 || value.data[0] == ';' || value.data[0] == ' ';
    return require(request, grpc && ends, STREAM_FAULT_CONTENT_TYPE);
}

static bool is_zero(char digit)
{
    return digit == '0';
}

/* At most 8 digits and a unit (PROTOCOL-HTTP2.md, "Timeout"). Clients send 0 for a deadline that
 * has passed, and C-core would end such a call without a trace. */
static enum use take_timeout(struct request *request, struct text value)
{
    struct text digits = text_take_while(&value, ascii_is_digit);
    bool good = digits.size >= 1 && digits.size <= 8 && value.size == 1 &&
                ascii_is_one_of(value.data[0], "HMSmun");
    request->is_late = good && text_consists_of(digits, is_zero);
    return require(request, good, STREAM_FAULT_TIMEOUT);
}

/* C-core only logs a name that it does not know: its messages are not compressed, or end the call.
 */
static enum use take_encoding(struct request *request, struct text value)
{
    bool supported =
        text_equal(value, text_literal("gzip")) || text_equal(value, text_literal("deflate"));
    request->encoding = supported                                     ? ENCODING_SUPPORTED
                        : text_equal(value, text_literal("identity")) ? ENCODING_IDENTITY
                                                                      : ENCODING_UNKNOWN;
    return request->encoding == ENCODING_UNKNOWN ? DROP : PASS;
}

/* It is compared with what comes (RFC 9113 section 8.1.1), and C-core has no use for it. */
static enum use take_content_length(struct request *request, struct text value)
{
    uint64_t length;
    if (!text_to_u64(value, &length) || length > INT64_MAX)
        return fail(request, STREAM_FAULT_MALFORMED);
    request->content_length = (int64_t)length;
    return DROP;
}

static enum use take_any(struct request *request, struct text value)
{
    (void)request, (void)value;
    return PASS;
}

/* Fields with a meaning, and some that most callers send, sorted by the size of the name. */
enum known {
    TE,
    HOST,
    PATH,
    METHOD,
    SCHEME,
    UPGRADE,
    AUTHORITY,
    USER_AGENT,
    CONNECTION,
    KEEP_ALIVE,
    CONTENT_TYPE,
    TIMEOUT,
    ENCODING,
    CONTENT_LENGTH,
    ACCEPT_ENCODING,
    PROXY_CONNECTION,
    TRANSFER_ENCODING,
    GRPC_ACCEPT_ENCODING,
    KNOWN
};

static const struct known_field known_fields[] = {
    [TE] = {{"te", 2}, take_te, true, true, 0, {NULL, 0}},
    [HOST] = {{"host", 4}, take_host, true, true, HEADER_HOST, {NULL, 0}},
    [PATH] = {{":path", 5}, take_path, true, true, HEADER_PATH, {NULL, 0}},
    [METHOD] = {{":method", 7}, take_method, true, true, HEADER_METHOD_POST, {"POST", 4}},
    [SCHEME] = {{":scheme", 7}, take_scheme, true, true, HEADER_SCHEME_HTTP, {"http", 4}},
    [UPGRADE] = {{"upgrade", 7}, forbid, false, true, 0, {NULL, 0}},
    [AUTHORITY] = {{":authority", 10}, take_authority, true, true, HEADER_AUTHORITY, {NULL, 0}},
    [USER_AGENT] = {{"user-agent", 10}, take_any, false, false, HEADER_USER_AGENT, {NULL, 0}},
    [CONNECTION] = {{"connection", 10}, forbid, false, true, 0, {NULL, 0}},
    [KEEP_ALIVE] = {{"keep-alive", 10}, forbid, false, true, 0, {NULL, 0}},
    [CONTENT_TYPE] =
        {{"content-type", 12}, take_content_type, true, false, HEADER_CONTENT_TYPE, {NULL, 0}},
    [TIMEOUT] = {{"grpc-timeout", 12}, take_timeout, true, true, 0, {NULL, 0}},
    [ENCODING] = {{"grpc-encoding", 13}, take_encoding, true, false, 0, {NULL, 0}},
    [CONTENT_LENGTH] = {{"content-length", 14}, take_content_length, true, true, 0, {NULL, 0}},
    [ACCEPT_ENCODING] = {{"accept-encoding", 15}, take_any, false, false, 0, {NULL, 0}},
    [PROXY_CONNECTION] = {{"proxy-connection", 16}, forbid, false, true, 0, {NULL, 0}},
    [TRANSFER_ENCODING] = {{"transfer-encoding", 17}, forbid, false, true, 0, {NULL, 0}},
    [GRPC_ACCEPT_ENCODING] = {{"grpc-accept-encoding", 20}, take_any, false, false, 0, {NULL, 0}},
};

_Static_assert(array_length(known_fields) == KNOWN, "each known field has a row");

static const uint8_t first_of_size[] = {
    [0] = KNOWN,
    [1] = KNOWN,
    [2] = TE,
    [3] = KNOWN,
    [4] = HOST,
    [5] = PATH,
    [6] = KNOWN,
    [7] = METHOD,
    [8] = KNOWN,
    [9] = KNOWN,
    [10] = AUTHORITY,
    [11] = KNOWN,
    [12] = CONTENT_TYPE,
    [13] = ENCODING,
    [14] = CONTENT_LENGTH,
    [15] = ACCEPT_ENCODING,
    [16] = PROXY_CONNECTION,
    [17] = TRANSFER_ENCODING,
    [18] = KNOWN,
    [19] = KNOWN,
    [20] = GRPC_ACCEPT_ENCODING,
};

/* KNOWN when it is not one of them. */
static size_t find_known(struct text name)
{
    size_t i = name.size < array_length(first_of_size) ? first_of_size[name.size] : KNOWN;
    for (; i < KNOWN && known_fields[i].name.size == name.size; i++)
        if (memcmp(known_fields[i].name.data, name.data, name.size) == 0)
            return i;
    return KNOWN;
}

static void write_field(struct request *request, struct text name, struct text value)
{
    if (!request->block || request->fault != STREAM_FAULT_NONE)
        return;
    if (!text_ends_with(name, text_literal("-bin")))
        header_write(request->block, name, value);
    else if (!header_write_binary(request->block, name, value))
        fail(request, STREAM_FAULT_BASE64);
}

static void write_known(struct request *request, const struct known_field *field, struct text value)
{
    if (field->place == 0)
        write_field(request, field->name, value);
    else if (!request->block || request->fault != STREAM_FAULT_NONE)
        return;
    else if (text_equal(value, field->whole))
        header_write_place(request->block, field->place);
    else
        header_write_value(request->block, field->place, value);
}

static bool was_seen(const struct request *request, size_t known)
{
    return request->seen >> known & 1;
}

/* RFC 9113 section 8.3: pseudo-header fields come first, once, and not in trailers. */
static void judge_place(struct request *request, size_t known, bool pseudo)
{
    if (pseudo && (request->regular || request->is_trailers || was_seen(request, known)))
        fail(request, STREAM_FAULT_MALFORMED);
    else if (known_fields[known].once && was_seen(request, known))
        fail(request, known == HOST ? STREAM_FAULT_MALFORMED : STREAM_FAULT_REPEATED);
    request->seen |= UINT32_C(1) << known;
    request->regular |= !pseudo;
}

static void judge_value(struct request *request, struct text value)
{
    if (!header_value_is_legal(value))
        fail(request, STREAM_FAULT_MALFORMED);
}

static void add_known(struct request *request, size_t known, struct text value)
{
    const struct known_field *field = &known_fields[known];
    judge_place(request, known, field->name.data[0] == ':');
    if (!field->judges)
        judge_value(request, value);
    if (field->take(request, value) == PASS)
        write_known(request, field, value);
}

/* Remembers where the value of the field that was written last stands. */
static void note_value(const struct request *request, struct block_text *text, size_t size)
{
    if (request->block && request->fault == STREAM_FAULT_NONE)
        *text = (struct block_text){request->block->size - size, size};
}

static void note_known(struct request *request, size_t known, size_t size)
{
    if (known == PATH)
        note_value(request, &request->path, size);
    if (known == AUTHORITY)
        note_value(request, &request->authority, size);
}

static void count_field(struct request *request, struct text name, struct text value)
{
    request->list_size += name.size + value.size + FIELD_OVERHEAD;
    request->list_count++;
    if (request->list_size > request->limits->list_size)
        fail(request, STREAM_FAULT_METADATA_SIZE);
    if (request->list_count > request->limits->list_count)
        fail(request, STREAM_FAULT_METADATA_COUNT);
}

void request_init(struct request *request, struct output *block,
                  const struct request_limits *limits)
{
    *request = (struct request){.block = block, .limits = limits, .content_length = -1};
}

void request_add(void *context, struct text name, struct text value)
{
    struct request *request = context;
    count_field(request, name, value);
    size_t known = find_known(name);
    if (known < KNOWN) {
        add_known(request, known, value);
        note_known(request, known, value.size);
        return;
    }
    request->regular = true;
    judge_value(request, value);
    if (!header_name_is_legal(name))
        fail(request, STREAM_FAULT_MALFORMED);
    write_field(request, name, value);
}

/* RFC 9113 section 8.3.1: without them the request is malformed; CONNECT has no path. */
static bool has_control_data(const struct request *request)
{
    return was_seen(request, METHOD) &&
           (request->is_connect || (was_seen(request, SCHEME) && was_seen(request, PATH)));
}

enum stream_fault request_finish(struct request *request)
{
    if (request->is_trailers)
        return request->fault == STREAM_FAULT_MALFORMED ? STREAM_FAULT_MALFORMED
                                                        : STREAM_FAULT_NONE;
    if (!has_control_data(request))
        fail(request, STREAM_FAULT_MALFORMED);
    if (!was_seen(request, CONTENT_TYPE))
        fail(request, STREAM_FAULT_CONTENT_TYPE);
    if (!was_seen(request, TE))
        fail(request, STREAM_FAULT_TE);
    if (!was_seen(request, AUTHORITY) && !was_seen(request, HOST))
        fail(request, STREAM_FAULT_AUTHORITY);
    if (request->is_late)
        fail(request, STREAM_FAULT_DEADLINE);
    return request->fault;
}
