#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/privilege.h"
#include "common/mysql/schema_version.h"
#include "expiry-batch/expiry_run.h"
#include "expiry-batch/pushgateway.h"
#include "expiry-batch/run_lock.h"

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
    stop = number;
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* NULL: *status is the exit code, and the log says why. */
static struct sql_session *open_session(const struct sql_options *options, int *status)
{
    struct sql_fault fault = {.class = SQL_OK};
    struct sql_session *session = sql_session_open(options, &fault);
    enum schema_state state = SCHEMA_UNKNOWN;
    char text[256];

    if (session)
        state = schema_version_check(session, text, sizeof text, &fault);
    if (state == SCHEMA_FITS)
        return session;
    if (state == SCHEMA_MISFIT)
        log_error("schema_misfit", "%s", text);
    else
        log_error("database_away", "%s:%lld: error %u: %s", options->host, (long long)options->port,
                  fault.code, fault.text);
    *status = state == SCHEMA_MISFIT ? EX_CONFIG : EX_UNAVAILABLE;
    sql_session_close(session);
    return NULL;
}

static void take_lock_and_run(const struct expiry_config *config, struct sql_session *session,
                              struct run_report *report)
{
    struct sql_fault fault;
    char holder[256];

    switch (run_lock_take(session, holder, sizeof holder, &fault)) {
    case RUN_LOCK_BUSY:
        log_info("busy", "another run has the lock: %s; nothing to do", holder);
        report->outcome = RUN_BUSY;
        return;
    case RUN_LOCK_FAILED:
        log_error("database_failed", "taking the lock: error %u: %s", fault.code, fault.text);
        return;
    case RUN_LOCK_TAKEN:
        expiry_run(config, session, &stop, report);
        return;
    }
}

static int status_of(enum run_outcome outcome)
{
    switch (outcome) {
    case RUN_DONE:
    case RUN_LIMIT:
    case RUN_TIME_BUDGET:
    case RUN_BUSY:
        return EX_OK;
    case RUN_INTERRUPTED:
        return EX_TEMPFAIL;
    case RUN_FAILED:
        break;
    }
    return EX_UNAVAILABLE;
}

static bool save_metrics(const struct run_report *report, const char *path)
{
    if (!path || run_report_save(report, path))
        return true;
    log_error("metrics_not_written", "--metrics-file %s: %s", path, strerror(errno));
    return false;
}

static bool push_metrics(const struct run_report *report, const char *url, const char *job)
{
    struct strbuf text = STRBUF_INIT;
    char error[512];
    bool pushed;

    if (!url)
        return true;
    run_report_metrics(report, &text);
    pushed = pushgateway_put(url, job, &text, error, sizeof error);
    if (!pushed)
        log_error("metrics_not_pushed", "--pushgateway %s: %s", url, error);
    strbuf_free(&text);
    return pushed;
}

/* Returns the exit code. */
static int conclude(const struct expiry_config *config, const struct run_report *report, int status)
{
    struct strbuf summary = STRBUF_INIT;
    bool kept;
    bool came_to_its_end = status == EX_OK && report->outcome != RUN_BUSY && !report->dry_run;

    run_report_encode(report, &summary);
    fwrite(summary.data, 1, summary.len, stdout);
    if (fflush(stdout) != 0)
        log_warn("summary_lost", "standard output: %s", strerror(errno));
    strbuf_free(&summary);
    if (!came_to_its_end)
        return status;
    kept = save_metrics(report, config->metrics_file);
    kept = push_metrics(report, config->pushgateway, config->pushgateway_job) && kept;
    return kept ? status : EX_IOERR;
}

/* What the option table can't say. */
static bool check_config(const struct expiry_config *config, char *error, size_t error_size)
{
    static const char job_characters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

    if (!sql_options_check(&config->sql, error, error_size))
        return false;
    if (config->pushgateway && !pushgateway_check(config->pushgateway, error, error_size))
        return false;
    if (config->pushgateway_job[strspn(config->pushgateway_job, job_characters)] == '\0')
        return true;
    snprintf(error, error_size, "--pushgateway-job %s: letters, digits and ._- only",
             config->pushgateway_job);
    return false;
}

int main(int argc, char **argv)
{
    struct expiry_config config = {0};
    struct run_report report = {.outcome = RUN_FAILED};
    enum log_level level = LOG_LEVEL_INFO;
    int64_t began_us = clock_monotonic_us();
    struct sql_session *session;
    char error[2304];
    int status = EX_OK;

    switch (expiry_config_read(&config, argc, argv)) {
    case OPTION_EXIT_OK:
        return EX_OK;
    case OPTION_EXIT_USAGE:
        return EX_USAGE;
    case OPTION_RUN:
        break;
    }
    log_level_parse(config.log_level, &level);
    log_init("expiry-batch", level);
    privilege_drop(&config.privilege);
    catch_signals();
    if (!check_config(&config, error, sizeof error)) {
        log_error("bad_option", "%s", error);
        return EX_CONFIG;
    }
    sql_library_start();
    report.dry_run = config.dry_run;
    session = open_session(&config.sql, &status);
    if (session) {
        take_lock_and_run(&config, session, &report);
        status = status_of(report.outcome);
    }
    sql_session_close(session);
    report.duration_us = clock_monotonic_us() - began_us;
    return conclude(&config, &report, status);
}
