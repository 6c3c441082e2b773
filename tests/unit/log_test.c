/* Every log line is one JSON object whatever is in the message, and one event cannot flood the log.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/timestamp.h"
#include "tests/unit/capture.h"

/* In place of libc's, so that a test may let time pass. */
static time_t seconds_passed;

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int result = (int)syscall(SYS_clock_gettime, clock, now);

    now->tv_sec += seconds_passed;
    return result;
}

/* Takes the next line from *text and reads it; NULL: there is none. */
static json_t *next_line(char **text)
{
    char *line = *text;
    char *newline = strchr(line, '\n');
    json_error_t error;
    json_t *json;

    if (line[0] == '\0')
        return NULL;
    if (newline == NULL)
        fail_msg("no newline ends \"%s\"", line);
    *newline = '\0';
    *text = newline + 1;
    json = json_loads(line, JSON_REJECT_DUPLICATES, &error);
    if (json == NULL)
        fail_msg("%s: %s", line, error.text);
    return json;
}

static size_t count_lines(char *text)
{
    size_t count = 0;
    json_t *line;

    for (; (line = next_line(&text)) != NULL; count++)
        json_decref(line);
    return count;
}

static const char *member(const json_t *line, const char *name)
{
    const char *value = json_string_value(json_object_get(line, name));

    if (value == NULL)
        fail_msg("no member %s", name);
    return value;
}

/* Each test starts behind every window, and with the level that it says. */
static int start(void **state)
{
    (void)state;
    seconds_passed += 1000;
    log_init("unit-test", LOG_LEVEL_INFO);
    return 0;
}

static void writes_one_object_a_line(void **state)
{
    struct capture capture = capture_start(STDERR_FILENO);
    int64_t before = clock_wall_ms();
    char *text, *rest;
    const char *time;
    int64_t wall_ms;
    json_t *line;

    (void)state;
    log_warn("disk_full", "%d of %s", 3, "four");
    text = rest = capture_end(&capture);
    line = next_line(&rest);
    assert_non_null(line);
    assert_string_equal(member(line, "level"), "warn");
    assert_string_equal(member(line, "program"), "unit-test");
    assert_string_equal(member(line, "event"), "disk_full");
    assert_string_equal(member(line, "message"), "3 of four");
    assert_int_equal(json_object_size(line), 5);
    time = member(line, "time");
    assert_true(timestamp_parse(time, strlen(time), &wall_ms));
    assert_in_range(wall_ms, before, clock_wall_ms());
    json_decref(line);
    assert_null(next_line(&rest));
    free(text);
}

static const struct {
    const char *message, *logged;
} messages[] = {
    {"", ""},
    {"quote \" and \\", "quote \" and \\"},
    {"a\nb\r\tc", "a\nb\r\tc"},
    {"\x1b[31mred\x7f", "\x1b[31mred\x7f"},
    {"caf\xc3\xa9", "caf\xc3\xa9"},
    {"bad \xff\xc3", "bad \xef\xbf\xbd\xef\xbf\xbd"},
    {"%s%n", "%s%n"},
};

static void escapes_what_a_terminal_would_obey(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        struct capture capture = capture_start(STDERR_FILENO);
        char *text, *rest;
        json_t *line;

        log_info("odd_bytes", "%s", messages[i].message);
        text = rest = capture_end(&capture);
        for (char *c = text; *c != '\0'; c++)
            assert_true((unsigned char)*c >= 0x20 || (*c == '\n' && c[1] == '\0'));
        assert_null(strchr(text, 0x7f));
        line = next_line(&rest);
        assert_non_null(line);
        assert_string_equal(member(line, "message"), messages[i].logged);
        json_decref(line);
        free(text);
    }
}

static void writes_up_to_the_level(void **state)
{
    (void)state;
    for (int most = LOG_LEVEL_ERROR; most <= LOG_LEVEL_DEBUG; most++) {
        struct capture capture = capture_start(STDERR_FILENO);
        char *text;

        log_init("unit-test", (enum log_level)most);
        log_error("level_error", "x");
        log_warn("level_warn", "x");
        log_info("level_info", "x");
        log_debug("level_debug", "x");
        text = capture_end(&capture);
        assert_int_equal(count_lines(text), most + 1);
        free(text);
    }
}

static const struct {
    const char *name;
    int level;
} names[] = {
    {"error", LOG_LEVEL_ERROR},
    {"warn", LOG_LEVEL_WARN},
    {"info", LOG_LEVEL_INFO},
    {"debug", LOG_LEVEL_DEBUG},
    {"", -1},
    {"WARN", -1},
    {"warning", -1},
    {"inf", -1},
    {"info ", -1},
};

static void reads_level_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        enum log_level level = LOG_LEVEL_DEBUG;
        bool known = log_level_parse(names[i].name, &level);

        assert_int_equal(known, names[i].level >= 0);
        if (known)
            assert_int_equal((int)level, names[i].level);
    }
}

/* How many lines came, and what the last of them says was suppressed. */
static void log_repeats(const char *event, int times, size_t *lines, json_int_t *suppressed)
{
    struct capture capture = capture_start(STDERR_FILENO);
    char *text, *rest;
    json_t *line;

    for (int i = 0; i < times; i++)
        log_info(event, "%d", i);
    text = rest = capture_end(&capture);
    *lines = 0;
    *suppressed = 0;
    while ((line = next_line(&rest)) != NULL) {
        json_t *count = json_object_get(line, "suppressed");

        (*lines)++;
        if (count != NULL)
            *suppressed = json_integer_value(count);
        json_decref(line);
    }
    free(text);
}

static void counts_repeats_instead_of_writing_them(void **state)
{
    static const struct {
        const char *event;
        time_t wait;
        int times;
        size_t lines;
        json_int_t suppressed;
    } steps[] = {
        {"repeated", 0, 25, 10, 0}, {"other", 0, 1, 1, 0},    {"repeated", 9, 5, 0, 0},
        {"repeated", 2, 1, 1, 20},  {"repeated", 0, 9, 9, 0}, {"repeated", 0, 1, 0, 0},
        {"repeated", 100, 1, 1, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        json_int_t suppressed;
        size_t lines;

        seconds_passed += steps[i].wait;
        log_repeats(steps[i].event, steps[i].times, &lines, &suppressed);
        if (lines != steps[i].lines || suppressed != steps[i].suppressed)
            fail_msg("step %zu: expected %zu lines and %d suppressed, saw %zu and %d", i,
                     steps[i].lines, (int)steps[i].suppressed, lines, (int)suppressed);
    }
}

static void forgets_the_oldest_of_many_events(void **state)
{
    char event[32];
    json_int_t suppressed;
    size_t lines;

    (void)state;
    log_repeats("oldest", 20, &lines, &suppressed);
    seconds_passed += 1;
    for (int i = 0; i < 63; i++) {
        snprintf(event, sizeof event, "event_%d", i);
        log_repeats(event, 11, &lines, &suppressed);
        assert_int_equal(lines, 10);
    }
    log_repeats("oldest", 1, &lines, &suppressed);
    assert_int_equal(lines, 0);
    log_repeats("one_too_many", 1, &lines, &suppressed);
    assert_int_equal(lines, 1);
    log_repeats("event_62", 1, &lines, &suppressed);
    assert_int_equal(lines, 0);
    log_repeats("oldest", 1, &lines, &suppressed);
    assert_int_equal(lines, 1);
}

static void cuts_long_messages_between_characters(void **state)
{
    static const struct {
        const char *unit;
        int times;
        size_t expected;
    } cases[] = {
        {"x", 2048, 2048},           {"x", 2049, 2048},           {"x", 100000, 2048},
        {"\xe2\x82\xac", 682, 2046}, {"\xe2\x82\xac", 683, 2046}, {"\x01", 100000, 2048},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct capture capture = capture_start(STDERR_FILENO);
        size_t unit_len = strlen(cases[i].unit);
        size_t len = unit_len * (size_t)cases[i].times;
        char *message = calloc(1, len + 1);
        bool cut = len > 2048;
        char *text, *rest;
        json_t *line;
        const char *logged;

        assert_non_null(message);
        for (size_t at = 0; at < len; at += unit_len)
            memcpy(message + at, cases[i].unit, unit_len);
        log_info("long", "%s", message);
        text = rest = capture_end(&capture);
        line = next_line(&rest);
        assert_non_null(line);
        logged = member(line, "message");
        assert_int_equal(strlen(logged), cases[i].expected);
        assert_memory_equal(logged, message, cases[i].expected - 3);
        assert_null(strstr(logged, "\xef\xbf\xbd"));
        assert_int_equal(strcmp(logged + strlen(logged) - 3, "\xe2\x80\xa6") == 0, cut);
        json_decref(line);
        free(text);
        free(message);
    }
}

static void survives_endless_names(void **state)
{
    struct capture capture = capture_start(STDERR_FILENO);
    char name[5000], message[5000];
    char *text;

    (void)state;
    memset(name, '\x01', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    memcpy(message, name, sizeof name);
    log_init(name, LOG_LEVEL_INFO);
    log_info(name, "%s", message);
    text = capture_end(&capture);
    assert_int_equal(count_lines(text), 1);
    free(text);
}

static void keeps_errno(void **state)
{
    struct capture capture = capture_start(STDERR_FILENO);
    char *text;
    int saved, kept;

    (void)state;
    errno = ENOENT;
    log_info("errno_kept", "%m");
    assert_int_equal(errno, ENOENT);
    log_debug("errno_kept", "%m");
    assert_int_equal(errno, ENOENT);
    text = capture_end(&capture);
    assert_non_null(strstr(text, strerror(ENOENT)));
    free(text);

    saved = dup(STDERR_FILENO);
    close(STDERR_FILENO);
    errno = ENOENT;
    log_info("not_writable", "x");
    kept = errno;
    dup2(saved, STDERR_FILENO);
    close(saved);
    assert_int_equal(kept, ENOENT);
}

static void *log_from_a_thread(void *argument)
{
    char event[32], message[1500];

    memset(message, 'm', sizeof message);
    message[sizeof message - 1] = '\0';
    for (int i = 0; i < 20; i++) {
        snprintf(event, sizeof event, "thread_%d_%d", *(int *)argument, i % 3);
        log_info(event, "%s", message);
    }
    return NULL;
}

static void threads_do_not_mix_lines(void **state)
{
    struct capture capture = capture_start(STDERR_FILENO);
    pthread_t threads[8];
    int numbers[8];
    char *text;

    (void)state;
    for (int i = 0; i < 8; i++) {
        numbers[i] = i;
        pthread_create(&threads[i], NULL, log_from_a_thread, &numbers[i]);
    }
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    text = capture_end(&capture);
    assert_int_equal(count_lines(text), 8 * 20);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(writes_one_object_a_line, start),
        cmocka_unit_test_setup(escapes_what_a_terminal_would_obey, start),
        cmocka_unit_test_setup(writes_up_to_the_level, start),
        cmocka_unit_test_setup(reads_level_names, start),
        cmocka_unit_test_setup(counts_repeats_instead_of_writing_them, start),
        cmocka_unit_test_setup(forgets_the_oldest_of_many_events, start),
        cmocka_unit_test_setup(cuts_long_messages_between_characters, start),
        cmocka_unit_test_setup(survives_endless_names, start),
        cmocka_unit_test_setup(keeps_errno, start),
        cmocka_unit_test_setup(threads_do_not_mix_lines, start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
