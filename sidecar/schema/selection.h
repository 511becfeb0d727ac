/* SPDX-License-Identifier: MIT */
/* The choice of the methods that are served. Used at start, by one thread. */
#pragma once

#include "base/text_list.h"
#include "schema/method.h"

struct selection {
    const struct text_list *patterns; /* NULL: all methods that can be served */
    size_t optional_files;            /* as of schema_read */
};

/* Selects among the candidates, whose types are built, and fails as schema_serve. */
must_use bool selection_serve(const struct selection *selection, struct methods *methods,
                              struct arena *arena, struct status *status);
