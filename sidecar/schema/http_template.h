/* SPDX-License-Identifier: MIT */
/* Path templates: read at start by template.c for rule.c, filled in for each call by expand.c. */
#pragma once

#include "schema/http_rule.h"

struct http_rule_segment {
    struct text literal;               /* sent as it is, slashes included; empty for a variable */
    const struct bound_path *variable; /* NULL for a literal */
    struct text pattern;               /* of a variable, as it stands behind its "="; or "*" */
    bool any_segment;                  /* the pattern is "*": every single segment fits */
    bool multiple;                     /* the value may hold slashes */
};

/*
 * Reads a template (google/api/http.proto, "Path template syntax") into the rule's segments and
 * variables, which keep pointing into it. INVALID_ARGUMENT, saying what is wrong with which part.
 */
must_use bool http_template_parse(struct text template, const struct schema_message *request,
                                  struct arena *arena, struct http_rule *rule,
                                  struct status *status);
