/* SPDX-License-Identifier: MIT */
/*
 * JSON as characters (RFC 8259): tokens read one by one, and strings written. Between the parts of
 * the JSON reader and writer. Pure; one thread at a time for each.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "base/text.h"
#include "rest/json.h"

/* Reading: where we are, and why it failed. */
struct json_source {
    const char *start, *at, *end;
    struct arena *arena;
    struct json_limits limits;
    size_t depth;
    struct status *status;
    bool malformed; /* the failure is one of the text, not of a value's type */
};

void json_source_init(struct json_source *source, struct text json,
                      const struct json_limits *limits, struct arena *arena, struct status *status);

/* Fails as malformed, with the offset. Returns false. */
must_use bool json_malformed(struct json_source *source, const char *what);

/* The first character of the next token, behind white space; 0 at the end. */
char json_peek(struct json_source *source);

/* Takes the character if it is the next token. */
bool json_take(struct json_source *source, char c);

/* Takes true, false or null if it is next. */
bool json_take_word(struct json_source *source, const char *word);

/* A string, decoded: a view of the source when nothing was escaped, else in the arena. Well-formed
 * UTF-8. */
must_use bool json_string(struct json_source *source, struct text *text);

/* A number as it is written. */
must_use bool json_number(struct json_source *source, struct text *raw);

/* Nothing but white space follows. */
must_use bool json_finish(struct json_source *source);

/* One value of any kind, checked and dropped. */
must_use bool json_skip(struct json_source *source);

/* `{` or `[`, one level deeper; json_leave with the closing one. */
must_use bool json_enter(struct json_source *source, char open);

/*
 * The next member or element of what was entered: true when there is one, false at its end or on a
 * failure, which `source->malformed` tells apart. `first` is the caller's, true at the start.
 */
bool json_next(struct json_source *source, char close, bool *first);

/* A member's name and the colon behind it. */
must_use bool json_name(struct json_source *source, struct text *name);

/* The names that an object has had, to refuse the second of a kind; its memory is the arena's. */
struct json_name_set {
    struct text *slots;
    size_t room, count;
};

must_use bool json_name_once(struct json_source *source, struct json_name_set *set,
                             struct text name);

/* Whole numbers as JSON writes them, fractions and exponents included as long as nothing is lost:
 * "1e2", "1.0". */
must_use bool json_to_i64(struct text raw, int64_t *number);
must_use bool json_to_u64(struct text raw, uint64_t *number);

/* True when the text is a JSON number and nothing else. */
bool json_is_number(struct text text);

/* Writing: a quoted string. */
void json_add_string(struct buffer *out, struct text text);
