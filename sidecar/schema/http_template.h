/* SPDX-License-Identifier: MIT */
/* Path templates, which http_template.c parses at start for http_rule.c and rest/path.c expands for
 * each call. For these files. */
#pragma once

#include "schema/http_rule.h"

struct http_rule_segment {
    struct text literal;               /* sent as it is, slashes included; empty for a variable */
    const struct bound_path *variable; /* NULL for a literal */
    struct text pattern; /* the pattern of a variable, the text behind its "="; "*" without one */
    bool any_segment;    /* the pattern is "*": every single segment fits */
    bool multiple;       /* the value may hold slashes */
};

/*
 * Reads a template (google/api/http.proto, "Path template syntax") into the segments and variables
 * of the rule, which keep pointing into the template. INVALID_ARGUMENT, naming the part of the
 * template and its fault.
 */
must_use bool http_template_parse(struct text template, const struct schema_message *request,
                                  struct arena *arena, struct http_rule *rule,
                                  struct status *status);
