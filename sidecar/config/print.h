/* SPDX-License-Identifier: MIT */
/* Options as --help prints them, within 80 columns. Pure; one thread for each buffer. */
#pragma once

#include "config/option.h"

#define PRINT_COLUMNS 80

/* Writes the words of a text, with line breaks where PRINT_COLUMNS would be passed; the first line
 * is indented by `first` blanks, the others by `others`. Ends with a line break. */
void print_wrapped(struct text text, size_t first, size_t others, struct buffer *out);

/* The flag with allowed values and default, and on the next line the meaning. */
void print_option(const struct option *option, struct buffer *out);

/* All options of a table, with a heading where a group begins. */
void print_options(const struct option *options, size_t count, struct buffer *out);
