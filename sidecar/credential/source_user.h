/* SPDX-License-Identifier: MIT */
/* --iam-user: a token that IAM issues for the name and the password of a user. See source.h. */
#pragma once

#include "credential/iam.h"
#include "credential/source.h"

/* `path` is a folder with the files name, password and domain; path, place and its strings outlive
 * the source.
 */
struct source *source_user_open(const char *path, const struct iam_place *iam);
