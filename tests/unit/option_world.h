#ifndef OPTION_WORLD_H
#define OPTION_WORLD_H

/* Two groups of options with one of each type, and runs of a program that has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/option.h"
#include "tests/unit/capture.h"

#define SECRET "hunter2-secret"

struct http {
    const char *listen;
    int64_t connections;
    int64_t offset;
    bool spool;
    bool verbose;
};

struct kafka {
    const char *auth;
    const char *group;
    struct option_list brokers;
    const char *password;
};

#define HTTP(field) offsetof(struct http, field)
#define KAFKA(field) offsetof(struct kafka, field)

static const struct option_spec http_specs[] = {
    {.name = "http-listen",
     .type = OPTION_TEXT,
     .offset = HTTP(listen),
     .default_value = "127.0.0.1:8080",
     .min = 1,
     .max = 20,
     .argument = "HOST:PORT",
     .help = "Where to listen."},
    {.name = "http-connections",
     .type = OPTION_NUMBER,
     .offset = HTTP(connections),
     .default_value = "1000",
     .min = 1,
     .max = 5000,
     .help = "The most connections that are open at one time; what comes beyond them waits in the "
             "kernel's queue."},
    {.name = "offset", .type = OPTION_NUMBER, .offset = HTTP(offset), .help = "Any number."},
    {.name = "spool",
     .type = OPTION_FLAG,
     .offset = HTTP(spool),
     .default_value = "true",
     .help = "Keep requests while Kafka is away."},
    {.name = "verbose", .type = OPTION_FLAG, .offset = HTTP(verbose), .help = "Say more."},
};

static const struct option_spec kafka_specs[] = {
    {.name = "auth",
     .type = OPTION_CHOICE,
     .offset = KAFKA(auth),
     .default_value = "off",
     .choices = "off|jwt|jwt-strict",
     .help = "How users are known."},
    {.name = "kafka-group",
     .type = OPTION_TEXT,
     .offset = KAFKA(group),
     .required = true,
     .argument = "ID",
     .help = "The consumer group."},
    {.name = "kafka-brokers",
     .type = OPTION_LIST,
     .offset = KAFKA(brokers),
     .default_value = "127.0.0.1:19092",
     .argument = "HOST:PORT",
     .help = "Where Kafka is."},
    {.name = "kafka-password",
     .type = OPTION_SECRET,
     .offset = KAFKA(password),
     .help = "Kafka's password."},
};

/* One run: the arguments and variables that it got, and what came of it. */
struct run {
    struct http http;
    struct kafka kafka;
    enum option_result result;
    char *out, *err;
    char *line; /* the values point into it */
};

static inline void clear_environment(void)
{
    char **variables = environ;

    while (*variables != NULL) {
        char name[200];

        if (strncmp(*variables, "COUPON_", 7) != 0) {
            variables++;
            continue;
        }
        snprintf(name, sizeof name, "%.*s", (int)strcspn(*variables, "="), *variables);
        unsetenv(name);
        variables = environ;
    }
}

/* line: arguments and NAME=VALUE variables, separated by blanks. */
static inline struct run run(const char *line)
{
    struct run run = {.result = OPTION_RUN};
    struct option_group groups[] = {
        {"Serving", http_specs, sizeof http_specs / sizeof http_specs[0], &run.http},
        {"Kafka", kafka_specs, sizeof kafka_specs / sizeof kafka_specs[0], &run.kafka},
    };
    char *argv[32] = {(char *)(uintptr_t) "program"};
    char *state = NULL;
    int argc = 1;
    struct capture out, err;

    run.line = strdup(line);
    assert_non_null(run.line);
    clear_environment();
    for (char *word = strtok_r(run.line, " ", &state); word != NULL;
         word = strtok_r(NULL, " ", &state)) {
        char *equals = strchr(word, '=');

        if (strncmp(word, "COUPON_", 7) != 0) {
            argv[argc++] = word;
            continue;
        }
        *equals = '\0';
        setenv(word, equals + 1, 1);
    }
    out = capture_start(STDOUT_FILENO);
    err = capture_start(STDERR_FILENO);
    run.result =
        option_read("program", "program [OPTION]...", "What it is about.", groups, 2, argc, argv);
    run.err = capture_end(&err);
    run.out = capture_end(&out);
    clear_environment();
    return run;
}

static inline void run_free(struct run *run)
{
    free(run->out);
    free(run->err);
    free(run->line);
}

static inline struct run run_well(const char *line)
{
    struct run done = run(line);

    if (done.result != OPTION_RUN || done.err[0] != '\0' || done.out[0] != '\0')
        fail_msg("%s: expected no complaint, saw %d, \"%s\" and \"%s\"", line, (int)done.result,
                 done.err, done.out);
    return done;
}

#endif
