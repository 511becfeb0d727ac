/* SPDX-License-Identifier: MIT */
#include "system/path_folders.h"

#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

#include "base/banned.h"

/* As many as Linux follows. */
#define MOST_LINKS 40

struct visitor {
    void (*visit)(const char *folder, void *context);
    void *context;
    unsigned links;
};

static void walk(struct visitor *visitor, const char *path, size_t from);

/* Goes on where a link in that folder leads. */
static void follow(struct visitor *visitor, const char *link, const char *folder)
{
    char target[PATH_MAX], *path;
    ssize_t size = readlink(link, target, sizeof target);
    if (size <= 0)
        return;
    const char *slash = target[0] == '/' ? "" : "/";
    if (target[0] == '/')
        folder = "";
    if (asprintf(&path, "%s%s%.*s", folder, slash, (int)size, target) < 0)
        path = NULL;
    walk(visitor, memory_expect(path), strlen(folder));
    free(path);
}

static bool is_link(const char *path)
{
    char target[1];
    return readlink(path, target, sizeof target) >= 0;
}

/* `prefix` is the path up to some name, which may be a link. It is read after the visit, so that
 * whoever watches the folder since then misses no change. */
static void visit_link(struct visitor *visitor, char *prefix)
{
    if (!is_link(prefix) || visitor->links++ >= MOST_LINKS)
        return;
    char *copy = memory_expect(strdup(prefix));
    const char *folder = dirname(copy);
    visitor->visit(folder, visitor->context);
    follow(visitor, prefix, folder);
    free(copy);
}

static void visit_folder(struct visitor *visitor, const char *path)
{
    char *copy = memory_expect(strdup(path));
    visitor->visit(dirname(copy), visitor->context);
    free(copy);
}

/* Names up to `from` have been looked at. */
static void walk(struct visitor *visitor, const char *path, size_t from)
{
    for (size_t end = from; path[end];) {
        end += strspn(path + end, "/");
        end += strcspn(path + end, "/");
        if (!path[end])
            visit_folder(visitor, path);
        char *prefix = memory_expect(strndup(path, end));
        visit_link(visitor, prefix);
        free(prefix);
    }
}

void path_folders_visit(const char *path, void (*visit)(const char *folder, void *context),
                        void *context)
{
    struct visitor visitor = {.visit = visit, .context = context};
    walk(&visitor, path, 0);
}
