#include "issue-worker/dlt/dlt_command.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/base/log.h"
#include "common/mysql/sql_session.h"
#include "issue-worker/dlt/dlt_verbs.h"

static const struct command {
    const char *name;
    enum dlt_verb verb;
    int (*run)(const struct dlt_options *options, struct dlt_audit *audit,
               const volatile sig_atomic_t *interrupted);
} commands[] = {
    {"list", DLT_LIST, dlt_list},
    {"show", DLT_SHOW, dlt_show},
    {"replay", DLT_REPLAY, dlt_act},
    {"discard", DLT_DISCARD, dlt_act},
};

static const char help[] =
    "Usage: issue-worker dlt COMMAND [ID]... [OPTION]...\n"
    "\n"
    "Dead letters are records that could not be decided. They wait in the topic's\n"
    "dead-letter topic; their requests are FAILED. What is done about one is a row in\n"
    "the table dead_letter_action: who, when, what and why.\n"
    "\n"
    "  list      dead letters, by coupon, cause, time and state\n"
    "  show      all of one: key, value, headers, result, what was done about it\n"
    "  replay    produce records again, to be decided after the cause was mended\n"
    "  discard   close letters that will never be decided, with a reason\n"
    "\n"
    "issue-worker dlt COMMAND --help tells the rest.\n";

static volatile sig_atomic_t interrupted;

static void interrupt(int signal_number)
{
    (void)signal_number;
    interrupted = 1;
}

/* A run ends between two letters; a second signal ends it at once, which does no harm either. */
static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = interrupt, .sa_flags = (int)SA_RESETHAND};

    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static int run(const struct command *command, const struct dlt_options *options)
{
    bool acts = (command->verb == DLT_REPLAY || command->verb == DLT_DISCARD) && !options->dry_run;
    bool misfit = false, busy = false;
    char error[512];
    struct dlt_audit *audit =
        dlt_audit_open(&options->sql, options->kafka.topic, options->dead_letter_topic, &misfit,
                       error, sizeof error);
    int status;

    if (!audit) {
        fprintf(stderr, "%s\n", error);
        return misfit ? EX_CONFIG : EX_UNAVAILABLE;
    }
    if (acts && !dlt_audit_lock(audit, &busy)) {
        fprintf(stderr, "%s\n", dlt_audit_error(audit));
        status = EX_UNAVAILABLE;
    } else if (busy) {
        fprintf(stderr, "Another replay or discard is under way; run this again after it.\n");
        status = EX_TEMPFAIL;
    } else {
        status = command->run(options, audit, &interrupted);
    }
    dlt_audit_close(audit);
    if (fflush(stdout) != 0 && status == EX_OK)
        status = EX_IOERR;
    return status;
}

static int read_and_run(const struct command *command, int argc, char **argv)
{
    struct dlt_options options;
    char error[256];
    int status = EX_USAGE;

    switch (dlt_options_read(&options, command->verb, argc, argv)) {
    case OPTION_EXIT_OK:
        status = EX_OK;
        break;
    case OPTION_EXIT_USAGE:
        break;
    case OPTION_RUN:
        log_init("issue-worker", LOG_LEVEL_ERROR);
        privilege_drop(&options.privilege);
        catch_signals();
        sql_library_start();
        if (sql_options_check(&options.sql, error, sizeof error)) {
            status = run(command, &options);
        } else {
            fprintf(stderr, "%s\n", error);
            status = EX_CONFIG;
        }
        break;
    }
    dlt_options_free(&options);
    return status;
}

int dlt_command(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        fputs(help, stdout);
        return EX_OK;
    }
    for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return read_and_run(&commands[i], argc - 1, argv + 1);
    if (argc > 1)
        fprintf(stderr, "issue-worker dlt: \"%s\" is no command\n\n", argv[1]);
    fputs(help, stderr);
    return EX_USAGE;
}
