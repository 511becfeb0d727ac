/* SPDX-License-Identifier: MIT */
/* A list of texts, for the values of options. */
#pragma once

#include "base/text.h"

struct text_list {
    const struct text_list *next;
    struct text text;
};
