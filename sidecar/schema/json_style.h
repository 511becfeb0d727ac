/* SPDX-License-Identifier: MIT */
/* The style of the JSON that a file's methods send (proto/apig_sidecar/json.proto). Read at start,
 * by one thread; read-only afterwards. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/status.h"
#include "base/text.h"
#include "schema/message.h"

enum json_integers {
    JSON_INT64_NUMBER, /* 9007199254740993 */
    JSON_INT64_STRING, /* "9007199254740993" */
};

/* All zeros is the style of APIG. */
struct json_style {
    enum json_names names;
    enum json_integers int64;
    bool enum_names; /* "STATUS_VALID", not 1; a number without a name stays a number */
    bool indented;   /* two spaces, for people; no option of a file */
};

/* Reads the style from the serialized FileOptions of a file; that of APIG without the option.
 * INVALID_ARGUMENT when the option cannot be read or has a part that is not known. */
must_use bool json_style_read(struct text file_options, struct arena *arena,
                              struct json_style *style, struct status *status);

/* Writes the parts of a style that differ from that of APIG, as a .proto has them, to an empty
 * buffer: "json_names, enum_names"; nothing when there are none. */
void json_style_describe(const struct json_style *style, struct buffer *out);
