/* SPDX-License-Identifier: MIT */
#include "rest/details.h"

#include "google/rpc/error_details.pb-c.h"
#include "google/rpc/status.pb-c.h"

#include "base/banned.h"

#define TYPE_PREFIX "type.googleapis.com/google.rpc."

/* The overhead of a field in the size of a field section (RFC 9113 section 6.5.2). */
#define FIELD_OVERHEAD 32

/* The largest size of all trailers without grpc-message and the details: grpc-status,
 * grpc-retry-pushback-ms, x-apig-attempts. */
#define OTHER_TRAILERS 256

#define MOST_DETAILS 4

/* The parts of the details that are encoded. */
struct portion {
    bool retry, request;
    size_t violations, metadata;
};

void details_init(struct details *details)
{
    memset(details, 0, offsetof(struct details, metadata));
}

void details_set_reason(struct details *details, enum reason reason, int64_t retry_ms)
{
    details->domain = text_literal(REASON_DOMAIN);
    details->reason = reason_text(reason);
    details->retry_ms = retry_ms;
}

void details_add(struct details *details, struct text key, struct text value)
{
    if (value.size == 0 || details->metadata_count == DETAILS_METADATA)
        return;
    details->metadata[details->metadata_count].key = key;
    details->metadata[details->metadata_count].value = value;
    details->metadata_count++;
}

/* Makes a terminated string, as protobuf-c needs it. */
static char *terminated(struct text text, struct arena *arena)
{
    return arena_copy(arena, text.data ? text.data : "", text.size);
}

static Google__Protobuf__Any *pack_any(const ProtobufCMessage *message, const char *type,
                                       struct arena *arena)
{
    Google__Protobuf__Any *any = arena_alloc(arena, sizeof *any);
    uint8_t *bytes = arena_alloc(arena, protobuf_c_message_get_packed_size(message) + 1);
    if (!any || !bytes)
        return NULL;
    google__protobuf__any__init(any);
    any->type_url = (char *)(uintptr_t)type;
    any->value = (ProtobufCBinaryData){protobuf_c_message_pack(message, bytes), bytes};
    return any;
}

static Google__Protobuf__Any *error_info(const struct details *details, size_t metadata,
                                         struct arena *arena)
{
    Google__Rpc__ErrorInfo info;
    google__rpc__error_info__init(&info);
    Google__Rpc__ErrorInfo__MetadataEntry entries[DETAILS_METADATA], *list[DETAILS_METADATA];
    for (size_t i = 0; i < metadata; i++) {
        google__rpc__error_info__metadata_entry__init(&entries[i]);
        entries[i].key = terminated(details->metadata[i].key, arena);
        entries[i].value = terminated(details->metadata[i].value, arena);
        list[i] = &entries[i];
        if (!entries[i].key || !entries[i].value)
            return NULL;
    }
    info.domain = terminated(details->domain, arena);
    info.reason = terminated(details->reason, arena);
    info.metadata = list;
    info.n_metadata = metadata;
    return info.domain && info.reason ? pack_any(&info.base, TYPE_PREFIX "ErrorInfo", arena) : NULL;
}

static Google__Protobuf__Any *bad_request(const struct violations *violations, size_t count,
                                          struct arena *arena)
{
    Google__Rpc__BadRequest request;
    Google__Rpc__BadRequest__FieldViolation entries[VALIDATE_VIOLATIONS],
        *list[VALIDATE_VIOLATIONS];
    for (size_t i = 0; i < count; i++) {
        google__rpc__bad_request__field_violation__init(&entries[i]);
        entries[i].field = terminated(violations->list[i].field, arena);
        entries[i].description = terminated(violations->list[i].message, arena);
        list[i] = &entries[i];
        if (!entries[i].field || !entries[i].description)
            return NULL;
    }
    google__rpc__bad_request__init(&request);
    request.field_violations = list;
    request.n_field_violations = count;
    return pack_any(&request.base, TYPE_PREFIX "BadRequest", arena);
}

static Google__Protobuf__Any *request_info(struct text request_id, struct arena *arena)
{
    Google__Rpc__RequestInfo info;
    google__rpc__request_info__init(&info);
    info.request_id = terminated(request_id, arena);
    return info.request_id ? pack_any(&info.base, TYPE_PREFIX "RequestInfo", arena) : NULL;
}

static Google__Protobuf__Any *retry_info(int64_t retry_ms, struct arena *arena)
{
    Google__Rpc__RetryInfo info;
    Google__Protobuf__Duration delay;
    google__rpc__retry_info__init(&info);
    google__protobuf__duration__init(&delay);
    delay.seconds = retry_ms / 1000;
    delay.nanos = (int32_t)(retry_ms % 1000) * 1000000;
    info.retry_delay = &delay;
    return pack_any(&info.base, TYPE_PREFIX "RetryInfo", arena);
}

static struct text encode(const struct details *details, const struct portion *portion,
                          struct status *status, struct arena *arena)
{
    Google__Rpc__Status whole;
    Google__Protobuf__Any *list[MOST_DETAILS];
    google__rpc__status__init(&whole);
    whole.code = (int32_t)status->code;
    whole.message = status->message;
    whole.details = list;
    list[whole.n_details++] = error_info(details, portion->metadata, arena);
    if (portion->violations > 0)
        list[whole.n_details++] = bad_request(details->violations, portion->violations, arena);
    if (portion->request)
        list[whole.n_details++] = request_info(details->request_id, arena);
    if (portion->retry)
        list[whole.n_details++] = retry_info(details->retry_ms, arena);
    for (size_t i = 0; i < whole.n_details; i++)
        if (!list[i])
            return (struct text){NULL, 0};
    size_t bytes = google__rpc__status__get_packed_size(&whole);
    uint8_t *packed = arena_alloc(arena, bytes);
    return packed ? (struct text){(char *)packed, google__rpc__status__pack(&whole, packed)}
                  : (struct text){NULL, 0};
}

/* The size of grpc-message, in which all characters but printable ASCII, and "%", are
 * percent-encoded (gRPC over HTTP/2, "Responses"). */
static size_t percent_encoded_bytes(const char *message)
{
    size_t bytes = 0;
    for (; *message; message++)
        bytes += *message >= ' ' && *message <= '~' && *message != '%' ? 1 : 3;
    return bytes;
}

static size_t trailer_bytes(const struct status *status, struct text encoded)
{
    return OTHER_TRAILERS + sizeof "grpc-message" + percent_encoded_bytes(status->message) +
           FIELD_OVERHEAD + sizeof "grpc-status-details-bin" + (encoded.size + 2) / 3 * 4 +
           FIELD_OVERHEAD;
}

static void halve(char *message)
{
    struct text whole = text_of(message);
    message[text_cut(whole, whole.size / 2)] = '\0';
}

/* Drops the next part; false when only the reason is left. */
static bool drop_next(struct portion *portion, struct status *status)
{
    if (portion->retry)
        portion->retry = false;
    else if (portion->request)
        portion->request = false;
    else if (portion->violations > 0)
        portion->violations--;
    else if (status->message[0])
        halve(status->message);
    else if (portion->metadata > 0)
        portion->metadata--;
    else
        return false;
    return true;
}

static bool fits(const struct status *status, struct text encoded)
{
    return encoded.size > 0 && trailer_bytes(status, encoded) <= DETAILS_TRAILER_BYTES;
}

struct text details_encode(const struct details *details, struct status *status,
                           struct arena *arena)
{
    struct portion portion = {
        .retry = details->retry_ms > 0,
        .request = details->request_id.size > 0,
        .violations = details->violations ? details->violations->count : 0,
        .metadata = details->metadata_count,
    };
    struct text encoded = encode(details, &portion, status, arena);
    while (!fits(status, encoded) && drop_next(&portion, status)) {
        arena_clear(arena);
        encoded = encode(details, &portion, status, arena);
    }
    return encoded;
}
