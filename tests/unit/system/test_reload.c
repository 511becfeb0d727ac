/* SPDX-License-Identifier: MIT */
/* Is each change of files reported once, and nothing else? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "loop.h"
#include "system/reload.h"

#include "base/banned.h"

#define HOUR_NS (3600 * CLOCK_NS_PER_S)

struct trial {
    char folder[32], paths[2][64];
    const char *content; /* NULL: the files cannot be used, because of `problem` */
    const char *problem;
    char in_use[32], message[STATUS_MESSAGE_BYTES];
    enum reload_result result;
    unsigned loads, reports;
    struct event_base *loop;
    struct reload_group group;
    struct reload *reload;
};

static bool load(void *context, bool *changed, struct buffer *summary, struct status *status)
{
    struct trial *trial = context;
    trial->loads++;
    if (!trial->content)
        return status_fail(status, STATUS_FAILED_PRECONDITION, "%s", trial->problem);
    *changed = strcmp(trial->in_use, trial->content) != 0;
    snprintf(trial->in_use, sizeof trial->in_use, "%s", trial->content);
    buffer_add_text(summary, text_of(trial->content));
    return true;
}

static void on_report(enum reload_result result, struct text message, void *context)
{
    struct trial *trial = context;
    trial->reports++;
    trial->result = result;
    snprintf(trial->message, sizeof trial->message, "%.*s", text_arguments(message));
}

static void prepare(struct trial *trial, const char *content)
{
    *trial = (struct trial){.folder = "/tmp/reload-XXXXXX",
                            .content = content,
                            .problem = "gone",
                            .loop = event_base_new()};
    assert_non_null(mkdtemp(trial->folder));
    for (size_t i = 0; i < 2; i++)
        snprintf(trial->paths[i], sizeof trial->paths[i], "%s/file-%zu", trial->folder, i);
}

static bool try_open(struct trial *trial, bool is_required, bool is_watched)
{
    struct status status;
    const struct reload_source source = {.paths = {trial->paths[0], trial->paths[1]},
                                         .load = load,
                                         .context = trial,
                                         .is_required = is_required};
    const struct reload_listener listener = {is_watched ? trial->loop : NULL, on_report, trial,
                                             &trial->group};
    return reload_open(&source, &listener, &trial->reload, &status);
}

static void begin(struct trial *trial, const char *content)
{
    prepare(trial, content);
    assert_true(try_open(trial, true, false));
}

static void end(struct trial *trial)
{
    reload_free(trial->reload);
    event_base_free(trial->loop);
    for (size_t i = 0; i < 2; i++)
        unlink(trial->paths[i]);
    rmdir(trial->folder);
}

static void write_file(const char *path, const char *content)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(content, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* A load of `content` (NULL: because of `problem` it fails) makes `reports` more. */
struct step {
    const char *content, *problem;
    unsigned reports;
    enum reload_result result;
    const char *message;
};

static void run_steps(const struct step *steps, size_t count)
{
    struct trial trial;
    begin(&trial, "first");
    assert_int_equal(trial.reports, 1);
    assert_string_equal(trial.message, "first");
    for (size_t i = 0; i < count; i++) {
        unsigned before = trial.reports;
        trial.content = steps[i].content;
        trial.problem = steps[i].problem;
        reload_now(trial.reload, 0);
        assert_int_equal(trial.reports - before, steps[i].reports);
        if (steps[i].reports == 0)
            continue;
        assert_int_equal(trial.result, steps[i].result);
        assert_string_equal(trial.message, steps[i].message);
    }
    end(&trial);
}

static void new_content_is_reported_once(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {"first", NULL, 0, 0, NULL},
        {"second", NULL, 1, RELOAD_LOADED, "second"},
        {"second", NULL, 0, 0, NULL},
        {"first", NULL, 1, RELOAD_LOADED, "first"},
    };
    run_steps(steps, array_length(steps));
}

#define STAYS "what was loaded before stays in use: "

static void a_problem_is_reported_until_it_changes_or_ends(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {NULL, "gone", 1, RELOAD_REJECTED, STAYS "gone"},
        {NULL, "gone", 0, 0, NULL},
        {NULL, "empty", 1, RELOAD_REJECTED, STAYS "empty"},
        {"first", NULL, 1, RELOAD_LOADED, "first"},
        {"first", NULL, 0, 0, NULL},
        {NULL, "empty", 1, RELOAD_REJECTED, STAYS "empty"},
    };
    run_steps(steps, array_length(steps));
}

static void files_that_are_required_and_bad_prevent_opening_and_are_not_reported(void **state)
{
    (void)state;
    struct trial trial;
    prepare(&trial, NULL);
    assert_false(try_open(&trial, true, true));
    assert_null(trial.reload);
    assert_int_equal(trial.reports, 0);
    end(&trial);
}

static void files_that_are_not_required_and_bad_are_reported(void **state)
{
    (void)state;
    struct trial trial;
    prepare(&trial, NULL);
    assert_true(try_open(&trial, false, false));
    assert_int_equal(trial.reports, 1);
    assert_string_equal(trial.message, "nothing is loaded: gone");
    end(&trial);
}

static void a_change_of_any_file_loads_them(void **state)
{
    (void)state;
    struct trial trial;
    prepare(&trial, "first");
    assert_true(try_open(&trial, true, true));
    for (size_t i = 0; i < 2; i++) {
        unsigned before = trial.loads;
        write_file(trial.paths[i], "content");
        loop_until(trial.loop, trial.loads > before);
    }
    end(&trial);
}

static void files_that_have_not_changed_are_loaded_once_in_a_pause(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial, "first");
    reload_now(trial.reload, HOUR_NS);
    unsigned before = trial.loads;
    reload_now(trial.reload, HOUR_NS);
    assert_int_equal(trial.loads, before);
    reload_now(trial.reload, 0);
    assert_int_equal(trial.loads, before + 1);
    write_file(trial.paths[1], "content");
    reload_now(trial.reload, HOUR_NS);
    assert_int_equal(trial.loads, before + 2);
    end(&trial);
}

static void a_group_is_loaded_and_reported_whatever_it_was(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial, "first");
    assert_int_equal(trial.reports, 1);
    reload_now(trial.reload, 0);
    assert_int_equal(trial.reports, 1);
    reload_all(&trial.group);
    assert_int_equal(trial.reports, 2);
    assert_int_equal(trial.result, RELOAD_LOADED);
    assert_string_equal(trial.message, "first");
    trial.content = NULL;
    for (unsigned reports = 3; reports <= 4; reports++) {
        reload_all(&trial.group);
        assert_int_equal(trial.reports, reports);
        assert_int_equal(trial.result, RELOAD_REJECTED);
    }
    reload_free(trial.reload);
    trial.reload = NULL;
    assert_null(trial.group.first);
    end(&trial);
}

static void each_of_a_group_can_leave_it(void **state)
{
    (void)state;
    struct trial trial;
    struct reload *reloads[3];
    prepare(&trial, "first");
    for (size_t i = 0; i < array_length(reloads); i++) {
        assert_true(try_open(&trial, true, false));
        reloads[i] = trial.reload;
    }
    static const size_t order[] = {1, 2, 0};
    for (unsigned left = 3; left > 0; left--) {
        trial.loads = 0;
        reload_all(&trial.group);
        assert_int_equal(trial.loads, left);
        reload_free(reloads[order[left - 1]]);
    }
    trial.reload = NULL;
    end(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_content_is_reported_once),
        cmocka_unit_test(a_problem_is_reported_until_it_changes_or_ends),
        cmocka_unit_test(files_that_are_required_and_bad_prevent_opening_and_are_not_reported),
        cmocka_unit_test(files_that_are_not_required_and_bad_are_reported),
        cmocka_unit_test(a_change_of_any_file_loads_them),
        cmocka_unit_test(files_that_have_not_changed_are_loaded_once_in_a_pause),
        cmocka_unit_test(a_group_is_loaded_and_reported_whatever_it_was),
        cmocka_unit_test(each_of_a_group_can_leave_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
