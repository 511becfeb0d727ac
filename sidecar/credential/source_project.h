/* SPDX-License-Identifier: MIT */
/* Without --project-id: IAM is asked for the project of the region's name, with the key that
 * another source issues. See source.h. */
#pragma once

#include "credential/iam.h"
#include "credential/source.h"

/*
 * Owns `inner`; the place and its strings outlive the source. A credential that `inner` issues with
 * a project, or a token, is passed on. A fetch fails when IAM does not list exactly one project;
 * the project of an earlier fetch is kept while IAM does not respond or has a passing fault, so
 * that keys are renewed meanwhile.
 */
struct source *source_project_open(struct source *inner, const struct iam_place *iam);
