/* SPDX-License-Identifier: MIT */
#include "credential/source_project.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "credential/answer.h"
#include "rest/fault.h"

#include "base/banned.h"

/* A longer id of a key is not remembered. */
#define ACCESS_BYTES 128

struct source_project {
    struct source source;
    struct source_kind kind; /* that of `inner`, but for what this file does */
    struct source *inner;
    struct iam_place iam;
    bool is_asking; /* in the fetch under way */
    size_t known_size, access_size;
    char known[ISSUED_PROJECT_BYTES]; /* the project of an earlier fetch */
    char access[ACCESS_BYTES];        /* the id of its key */
};

static struct source_project *of(struct source *source)
{
    return container_of(source, struct source_project, source);
}

static enum source_next ask(struct source_project *project, struct source_fetch *fetch)
{
    struct buffer target;
    project->is_asking = true;
    source_hide_issued(fetch);
    buffer_init(&target, fetch->arena, 0);
    buffer_add_literal(&target, "/v3/projects?name=");
    buffer_add_text(&target, text_of(project->iam.region));
    source_request(fetch, SOURCE_IAM, "GET", buffer_text(&target));
    return iam_sign(fetch, project->iam.iam_url);
}

/* Goes on with what the other source has said. */
static enum source_next follow(struct source_project *project, struct source_fetch *fetch,
                               enum source_next next)
{
    bool is_complete = fetch->issued.kind != ISSUED_KEY || fetch->issued.project.size > 0;
    return next != SOURCE_ISSUED || is_complete ? next : ask(project, fetch);
}

static enum source_next begin(struct source *source, struct source_fetch *fetch)
{
    struct source_project *project = of(source);
    project->is_asking = false;
    return follow(project, fetch, project->inner->kind->begin(project->inner, fetch));
}

static enum source_next issue_known(const struct source_project *project,
                                    struct source_fetch *fetch)
{
    fetch->issued.project = (struct text){project->known, project->known_size};
    return SOURCE_ISSUED;
}

/* A temporary key is issued anew for one agency; another key without an end may be that of another
 * account. */
static bool is_of_same_account(const struct source_project *project, const struct issued *issued)
{
    return issued->expires_ns != 0 ||
           text_equal(issued->access, (struct text){project->access, project->access_size});
}

/* When IAM does not say the project, that of an earlier fetch is good enough. */
static enum source_next issue_former(const struct source_project *project,
                                     struct source_fetch *fetch)
{
    bool is_right = project->known_size > 0 && is_of_same_account(project, &fetch->issued);
    return is_right ? issue_known(project, fetch) : SOURCE_FAILED;
}

static void remember(struct source_project *project, struct text id, struct text access)
{
    memcpy(project->known, id.data, id.size);
    project->known_size = id.size;
    project->access_size = access.size <= sizeof project->access ? access.size : 0;
    memcpy(project->access, access.data, project->access_size);
}

static enum source_next refuse(const struct source_project *project, struct source_fetch *fetch,
                               const struct http_response *response)
{
    source_refuse(fetch, response);
    iam_judge_refusal(fetch, response, project->inner);
    if (fetch->fault == SOURCE_PASSING && issue_former(project, fetch) == SOURCE_ISSUED)
        return SOURCE_ISSUED;
    status_prepend(&fetch->status, "look up the project of %s, which --project-id makes needless",
                   project->iam.region);
    return SOURCE_FAILED;
}

static enum source_next take(struct source_project *project, struct source_fetch *fetch,
                             const struct http_response *response)
{
    size_t count;
    struct text first;
    if (!fault_is_success(response->status))
        return refuse(project, fetch, response);
    if (!answer_read_projects(response, fetch->arena, &count, &first, &fetch->status))
        return issue_former(project, fetch);
    if (count != 1 || first.size == 0)
        return source_fail(
            fetch, SOURCE_REFUSED,
            "IAM lists %zu projects of the name %s instead of one; give --project-id", count,
            project->iam.region);
    remember(project, first, fetch->issued.access);
    return issue_known(project, fetch);
}

static enum source_next answered(struct source *source, struct source_fetch *fetch,
                                 const struct http_response *response)
{
    struct source_project *project = of(source);
    struct source *inner = project->inner;
    return project->is_asking
               ? take(project, fetch, response)
               : follow(project, fetch, inner->kind->answered(inner, fetch, response));
}

static enum source_next unanswered(struct source *source, struct source_fetch *fetch)
{
    struct source_project *project = of(source);
    struct source *inner = project->inner;
    if (project->is_asking)
        return issue_former(project, fetch);
    return inner->kind->unanswered ? follow(project, fetch, inner->kind->unanswered(inner, fetch))
                                   : SOURCE_FAILED;
}

static void clear(struct source *source)
{
    source_free(of(source)->inner);
}

struct source *source_project_open(struct source *inner, const struct iam_place *iam)
{
    struct source_project *made = memory_expect(calloc(1, sizeof *made));
    made->inner = inner;
    made->iam = *iam;
    made->kind = *inner->kind;
    made->kind.begin = begin;
    made->kind.answered = answered;
    made->kind.unanswered = unanswered;
    made->kind.clear = clear;
    made->kind.gives_project = true;
    made->source = *inner;
    made->source.kind = &made->kind;
    made->source.urls[SOURCE_IAM] = iam->iam_url;
    return &made->source;
}
