/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The library in a process of somebody else: exports come one after another and at the same time, each as it would be alone, and leave
 * neither a thread nor a signal mask behind. The first argument is the project's folder.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <holdall/export.h>
#include <holdall/key.h>

#include "base/cleanup.h"
#include "io/file.h"

enum { MIB = 1024 * 1024 };

static const char *root;

struct place {
    char folder[64], key[96], service[4096];
};

static void make_place(struct place *place)
{
    char public_key[HA_PUBLIC_KEY_SIZE], id[HA_KEY_ID_TEXT];
    struct ha_error err;

    *place = (struct place){.folder = "/tmp/ha-test-export.XXXXXX"};
    assert_non_null(mkdtemp(place->folder));
    assert_int_equal(ha_keygen(place->folder, NULL, public_key, id, &err), 0);
    snprintf(place->key, sizeof place->key, "%s/holdall.key", place->folder);
    snprintf(place->service, sizeof place->service, "%s/fixtures/claakit/service.json", root);
}

/* The archive that one export makes; empty when it is stopped. */
static struct ha_buf export_one(const struct place *place, const char *name, const volatile int *interrupted)
{
    struct ha_export_options options = HA_EXPORT_OPTIONS_INIT;
    struct ha_buf bytes = ha_buf_make(64 * MIB);
    struct ha_export_result result;
    struct ha_error err;
    char path[128];

    snprintf(path, sizeof path, "%s/%s.zip", place->folder, name);
    options.service = place->service;
    options.subject = "usr_7k2m9x4qp1za";
    options.key = place->key;
    options.output = path;
    options.as_of = "2026-11-01T00:00:00Z";
    options.export_id = "0d5c2f4e-8f7b-4a53-9d1c-6b1f6f1b7a10";
    options.interrupted = interrupted;
    if (ha_export(&options, &result, &err) == 0) {
        assert_int_equal(ha_file_read(path, &bytes, &err), 0);
    } else if (!interrupted) {
        fail_msg("%s: %s", name, err.text);
    }
    ha_export_result_free(&result);
    return bytes;
}

static int count_threads(void)
{
    DIR *tasks = opendir("/proc/self/task");
    int count = 0;

    assert_non_null(tasks);
    for (struct dirent *task; (task = readdir(tasks));)
        count += task->d_name[0] != '.';
    closedir(tasks);
    return count;
}

static void exports_leave_no_thread(void **state)
{
    static const int stop = SIGTERM;
    sigset_t mask = {0}, now = {0}; /* not all of it is filled */
    struct place place;

    (void)state;
    make_place(&place);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &mask), 0);
    HA_BUF struct ha_buf first = export_one(&place, "first", NULL);
    int before = count_threads(); /* a sanitizer may have one of its own by now */
    assert_in_range(before, 1, 2);
    HA_BUF struct ha_buf stopped = export_one(&place, "stopped", &stop);
    assert_int_equal(stopped.len, 0);
    assert_int_equal(count_threads(), before);
    HA_BUF struct ha_buf second = export_one(&place, "second", NULL);
    assert_int_equal(count_threads(), before);
    assert_int_equal(first.len, second.len);
    assert_memory_equal(first.data, second.data, first.len);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &now), 0);
    assert_memory_equal(&mask, &now, sizeof mask);
    struct ha_error err;
    assert_int_equal(ha_path_remove_tree(place.folder, &err), 0);
}

struct job {
    const struct place *place;
    char name[16];
    struct ha_buf bytes;
};

static void *work(void *context)
{
    struct job *job = context;
    job->bytes = export_one(job->place, job->name, NULL);
    return NULL;
}

static void exports_do_not_disturb_each_other(void **state)
{
    enum { JOBS = 3 };
    struct job jobs[JOBS];
    pthread_t threads[JOBS];
    struct place place;
    struct ha_error err;

    (void)state;
    make_place(&place);
    for (int i = 0; i < JOBS; i++) {
        jobs[i] = (struct job){.place = &place};
        snprintf(jobs[i].name, sizeof jobs[i].name, "job-%d", i);
        assert_int_equal(pthread_create(&threads[i], NULL, work, &jobs[i]), 0);
    }
    for (int i = 0; i < JOBS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (int i = 0; i < JOBS; i++) {
        assert_int_equal(jobs[i].bytes.len, jobs[0].bytes.len);
        assert_memory_equal(jobs[i].bytes.data, jobs[0].bytes.data, jobs[0].bytes.len);
    }
    for (int i = 0; i < JOBS; i++)
        ha_buf_free(&jobs[i].bytes);
    assert_int_equal(ha_path_remove_tree(place.folder, &err), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exports_leave_no_thread),
        cmocka_unit_test(exports_do_not_disturb_each_other),
    };

    root = argc > 1 ? argv[1] : ".";
    return cmocka_run_group_tests_name("export", tests, NULL, NULL);
}
