/* SPDX-License-Identifier: MIT */
/*
 * The secrets in use: where each is kept, once, and what is to be removed from texts that others
 * see. A secret holds the list that it is in, so that either may be released first. Any thread.
 */
#pragma once

#include <stdbool.h>

#include "base/compiler.h"
#include "base/text.h"
#include "system/secret_index.h"

struct secret_list;
struct secret;

/* An empty list, held once. */
struct secret_list *secret_list_new(void);
void secret_list_release(struct secret_list *list); /* NULL is allowed */

/* A copy of the value in secret memory, with its index; `list` may be NULL. The value has at most
 * SECRET_INDEXED_BYTES. */
struct secret *secret_new(struct secret_list *list, struct text value);
void secret_wipe(struct secret *secret); /* NULL is allowed */

/* Valid until it is wiped. */
struct text secret_value(const struct secret *secret);

/* Hands each stretch of the text that repeats a secret of the list, as secret_index_find says, to
 * `take`. Returns whether there was one. `list` and `take` may be NULL. */
bool secret_list_search(struct secret_list *list, struct text text,
                        void (*take)(struct stretch stretch, void *context), void *context);
