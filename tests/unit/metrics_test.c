/* Nothing that threads count is lost, and what is printed is Prometheus text format 0.0.4. */
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/metrics/metric_family.h"
#include "common/base/clock.h"
#include "common/metrics/metrics.h"

static const double bounds[] = {0.005, 0.1, 1, 2.5};

#define BOUND_COUNT (sizeof bounds / sizeof bounds[0])

/* What is printed for one family, from its HELP line to the next one's; to be freed. */
static char *printed(const char *name)
{
    struct strbuf out = STRBUF_INIT;
    char start[100];
    char *from, *to, *text;

    metrics_write(&out);
    snprintf(start, sizeof start, "# HELP %s ", name);
    from = strstr(out.data, start);
    if (from == NULL)
        fail_msg("no %s in:\n%s", name, out.data);
    if (strstr(from + 1, start) != NULL)
        fail_msg("%s is there twice:\n%s", name, out.data);
    to = strstr(from + 1, "# HELP ");
    text = to != NULL ? strndup(from, (size_t)(to - from)) : strdup(from);
    strbuf_free(&out);
    return text;
}

static void expect_printed(const char *name, const char *expected)
{
    char *text = printed(name);

    assert_string_equal(text, expected);
    free(text);
}

static void prints_series_of_a_family_together(void **state)
{
    struct metric *ok = metric_counter("t_answers_total", "Answers.", "code=\"200\"");
    struct metric *between = metric_gauge("t_between", "Between.", NULL);
    struct metric *bad = metric_counter("t_answers_total", "Answers.", "code=\"400\"");
    struct metric *all = metric_counter("t_answers_total", "Answers.", NULL);

    (void)state;
    metric_add(ok, 3);
    metric_add(ok, UINT64_C(10000000000000000000));
    metric_add(bad, 1);
    metric_add(all, 0);
    metric_set(between, 4);
    expect_printed("t_answers_total", "# HELP t_answers_total Answers.\n"
                                      "# TYPE t_answers_total counter\n"
                                      "t_answers_total{code=\"200\"} 10000000000000000003\n"
                                      "t_answers_total{code=\"400\"} 1\n"
                                      "t_answers_total 0\n");
}

static void prints_gauges(void **state)
{
    struct metric *gauge = metric_gauge("t_lag", "Lag.", NULL);

    (void)state;
    expect_printed("t_lag", "# HELP t_lag Lag.\n# TYPE t_lag gauge\nt_lag 0\n");
    metric_set(gauge, 12);
    metric_set(gauge, -7);
    assert_int_equal((int64_t)metric_value(gauge), -7);
    expect_printed("t_lag", "# HELP t_lag Lag.\n# TYPE t_lag gauge\nt_lag -7\n");
    metric_set(gauge, INT64_MIN);
    expect_printed("t_lag", "# HELP t_lag Lag.\n# TYPE t_lag gauge\nt_lag -9223372036854775808\n");
}

static void escapes_help(void **state)
{
    (void)state;
    metric_counter("t_help_total", "A \\ and\na \"line\".", NULL);
    expect_printed("t_help_total", "# HELP t_help_total A \\\\ and\\na \"line\".\n"
                                   "# TYPE t_help_total counter\nt_help_total 0\n");
}

static void a_bound_belongs_to_its_bucket(void **state)
{
    struct metric *histogram =
        metric_histogram("t_seconds", "Time.", "route=\"/x\"", bounds, BOUND_COUNT);
    static const double values[] = {0, -1, 0.005, 0.0050001, 0.1, 0.5, 2.5, 2.6, INFINITY};

    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        metric_observe(histogram, values[i]);
    metric_observe(histogram, NAN);
    assert_int_equal(metric_value(histogram), 9);
    expect_printed("t_seconds", "# HELP t_seconds Time.\n"
                                "# TYPE t_seconds histogram\n"
                                "t_seconds_bucket{route=\"/x\",le=\"0.005\"} 3\n"
                                "t_seconds_bucket{route=\"/x\",le=\"0.1\"} 5\n"
                                "t_seconds_bucket{route=\"/x\",le=\"1\"} 6\n"
                                "t_seconds_bucket{route=\"/x\",le=\"2.5\"} 7\n"
                                "t_seconds_bucket{route=\"/x\",le=\"+Inf\"} 9\n"
                                "t_seconds_sum{route=\"/x\"} +Inf\n"
                                "t_seconds_count{route=\"/x\"} 9\n");
}

static void sums_are_printed_without_loss(void **state)
{
    struct metric *histogram = metric_histogram("t_sums", "Sums.", NULL, bounds, 1);
    double expected = 0;
    char *text, *sum;

    (void)state;
    for (int i = 1; i <= 1000; i++) {
        metric_observe(histogram, 1.0 / i);
        expected += 1.0 / i;
    }
    text = printed("t_sums");
    sum = strstr(text, "\nt_sums_sum ");
    assert_non_null(sum);
    assert_true(strtod(sum + 12, NULL) == expected);
    free(text);
}

static void the_same_name_and_labels_are_the_same_metric(void **state)
{
    struct metric *one = metric_counter("t_same_total", "Same.", "a=\"1\"");

    (void)state;
    assert_ptr_equal(metric_counter("t_same_total", "Same.", "a=\"1\""), one);
    assert_ptr_not_equal(metric_counter("t_same_total", "Same.", "a=\"2\""), one);
    assert_ptr_equal(metric_counter("t_same_total", "Same.", NULL),
                     metric_counter("t_same_total", "Same.", ""));
    assert_ptr_equal(metric_histogram("t_same_seconds", "Same.", NULL, bounds, 2),
                     metric_histogram("t_same_seconds", "Same.", NULL, bounds, 2));
}

static void texts_are_copied(void **state)
{
    char name[] = "t_copied_total", help[] = "Help.", labels[] = "a=\"1\"";

    (void)state;
    metric_counter(name, help, labels);
    name[0] = help[0] = labels[0] = '!';
    expect_printed("t_copied_total", "# HELP t_copied_total Help.\n"
                                     "# TYPE t_copied_total counter\n"
                                     "t_copied_total{a=\"1\"} 0\n");
}

#define THREADS 40
#define TURNS 5000

static void *count_in_a_thread(void *argument)
{
    struct metric *counter = metric_counter("t_threads_total", "Threads.", NULL);
    struct metric *histogram = metric_histogram("t_threads", "Threads.", NULL, bounds, BOUND_COUNT);
    struct strbuf out = STRBUF_INIT;

    (void)argument;
    for (int i = 0; i < TURNS; i++) {
        metric_add(counter, 3);
        metric_observe(histogram, i % 2 == 0 ? 0.0625 : 4);
        if (i % 1000 == 0) {
            strbuf_clear(&out);
            metrics_write(&out);
        }
    }
    strbuf_free(&out);
    return NULL;
}

static void threads_lose_nothing(void **state)
{
    pthread_t threads[THREADS];
    char expected[500];
    int observed = THREADS * TURNS;

    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_in_a_thread, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(metric_value(metric_counter("t_threads_total", "Threads.", NULL)),
                     3 * observed);
    snprintf(expected, sizeof expected,
             "# HELP t_threads Threads.\n# TYPE t_threads histogram\n"
             "t_threads_bucket{le=\"0.005\"} 0\nt_threads_bucket{le=\"0.1\"} %d\n"
             "t_threads_bucket{le=\"1\"} %d\nt_threads_bucket{le=\"2.5\"} %d\n"
             "t_threads_bucket{le=\"+Inf\"} %d\nt_threads_sum %d\nt_threads_count %d\n",
             observed / 2, observed / 2, observed / 2, observed,
             observed / 2 / 16 + observed / 2 * 4, observed);
    expect_printed("t_threads", expected);
}

#define SHARED_TURNS 1000000

/* Passed by the test and one thread when that thread has its shard, then by the two that count. */
static pthread_barrier_t shard_taken, both_ready;

static void *take_a_shard(void *counter)
{
    metric_add(counter, 1);
    return NULL;
}

static void *count_in_a_shared_shard(void *counter)
{
    static const double value[] = {1};
    struct metric *histogram = metric_histogram("t_shared", "Shared.", NULL, value, 1);

    metric_add(counter, 1);
    pthread_barrier_wait(&shard_taken);
    pthread_barrier_wait(&both_ready);
    for (int i = 0; i < SHARED_TURNS; i++) {
        metric_add(counter, 1);
        metric_observe(histogram, 1);
    }
    return NULL;
}

/* Shards go round, so the thread that comes METRIC_SHARDS later has the shard of the first. */
static void threads_of_one_shard_lose_nothing(void **state)
{
    struct metric *counter = metric_counter("t_shared_total", "Shared.", NULL);
    pthread_t threads[2], passing;
    char expected[300];
    int observed = 2 * SHARED_TURNS;

    (void)state;
    pthread_barrier_init(&shard_taken, NULL, 2);
    pthread_barrier_init(&both_ready, NULL, 2);
    pthread_create(&threads[0], NULL, count_in_a_shared_shard, counter);
    pthread_barrier_wait(&shard_taken);
    for (int i = 1; i < METRIC_SHARDS; i++) {
        pthread_create(&passing, NULL, take_a_shard, counter);
        pthread_join(passing, NULL);
    }
    pthread_create(&threads[1], NULL, count_in_a_shared_shard, counter);
    pthread_barrier_wait(&shard_taken);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    assert_int_equal(metric_value(counter), observed + METRIC_SHARDS + 1);
    snprintf(expected, sizeof expected,
             "# HELP t_shared Shared.\n# TYPE t_shared histogram\n"
             "t_shared_bucket{le=\"1\"} %d\nt_shared_bucket{le=\"+Inf\"} %d\n"
             "t_shared_sum %d\nt_shared_count %d\n",
             observed, observed, observed, observed);
    expect_printed("t_shared", expected);
    pthread_barrier_destroy(&shard_taken);
    pthread_barrier_destroy(&both_ready);
}

static void two_types(void)
{
    metric_counter("t_two_types", "Types.", NULL);
    metric_gauge("t_two_types", "Types.", NULL);
}

static void two_sets_of_bounds(void)
{
    metric_histogram("t_two_bounds", "Bounds.", NULL, bounds, 2);
    metric_histogram("t_two_bounds", "Bounds.", NULL, bounds, 3);
}

static void bad_name(void)
{
    metric_counter("t-bad", "Bad.", NULL);
}

static void falling_bounds(void)
{
    static const double falling[] = {1, 1};

    metric_histogram("t_falling", "Falling.", NULL, falling, 2);
}

static void too_many_bounds(void)
{
    static const double many[21] = {0};

    metric_histogram("t_many", "Many.", NULL, many, 21);
}

static void adding_to_a_gauge(void)
{
    metric_add(metric_gauge("t_wrong", "Wrong.", NULL), 1);
}

static void wrong_use_ends_the_process(void **state)
{
    static void (*const uses[])(void) = {two_types,      two_sets_of_bounds, bad_name,
                                         falling_bounds, too_many_bounds,    adding_to_a_gauge};

    (void)state;
    for (size_t i = 0; i < sizeof uses / sizeof uses[0]; i++) {
        pid_t child = fork();
        int status;

        if (child == 0) {
            signal(SIGABRT, SIG_DFL);
            close(STDERR_FILENO);
            uses[i]();
            _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
            fail_msg("use %zu: expected an abort, saw status %d", i, status);
    }
}

static void an_age_grows_by_itself_and_an_unset_gauge_is_silent(void **state)
{
    struct metric *age = metric_age("test_age_seconds", "h", NULL);
    struct metric *lag = metric_gauge("test_lag", "h", "p=\"1\"");
    struct strbuf page = STRBUF_INIT;

    (void)state;
    metric_set(age, 0);
    metric_set(lag, 5);
    metrics_write(&page);
    assert_non_null(strstr(page.data, "\ntest_age_seconds 0\n"));
    assert_non_null(strstr(page.data, "\ntest_lag{p=\"1\"} 5\n"));
    metric_set(age, clock_wall_ms() - 3600000);
    metric_unset(lag);
    strbuf_clear(&page);
    metrics_write(&page);
    assert_non_null(strstr(page.data, "\ntest_age_seconds 360"));
    assert_null(strstr(page.data, "test_lag{"));
    metric_set(age, clock_wall_ms() + 3600000);
    metric_set(lag, 6);
    strbuf_clear(&page);
    metrics_write(&page);
    assert_non_null(strstr(page.data, "\ntest_age_seconds 0\n"));
    assert_non_null(strstr(page.data, "\ntest_lag{p=\"1\"} 6\n"));
    strbuf_free(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_age_grows_by_itself_and_an_unset_gauge_is_silent),
        cmocka_unit_test(prints_series_of_a_family_together),
        cmocka_unit_test(prints_gauges),
        cmocka_unit_test(escapes_help),
        cmocka_unit_test(a_bound_belongs_to_its_bucket),
        cmocka_unit_test(sums_are_printed_without_loss),
        cmocka_unit_test(the_same_name_and_labels_are_the_same_metric),
        cmocka_unit_test(texts_are_copied),
        cmocka_unit_test(threads_lose_nothing),
        cmocka_unit_test(threads_of_one_shard_lose_nothing),
        cmocka_unit_test(wrong_use_ends_the_process),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
