#include "expiry-batch/run_report.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/check.h"
#include "common/base/strbuf.h"
#include "common/base/timestamp.h"

const char *run_outcome_name(enum run_outcome outcome)
{
    static const char *const names[] = {
        [RUN_DONE] = "done",
        [RUN_LIMIT] = "limit",
        [RUN_TIME_BUDGET] = "time-budget",
        [RUN_BUSY] = "busy",
        [RUN_INTERRUPTED] = "interrupted",
        [RUN_FAILED] = "failed",
    };

    CHECK((size_t)outcome < sizeof names / sizeof names[0], "outcome %d", (int)outcome);
    return names[outcome];
}

void run_report_encode(const struct run_report *report, struct strbuf *out)
{
    char as_of[TIMESTAMP_SIZE];

    strbuf_addf(out, "{\"program\":\"expiry-batch\",\"outcome\":\"%s\",\"dryRun\":%s,\"asOf\":",
                run_outcome_name(report->outcome), report->dry_run ? "true" : "false");
    if (report->as_of_ms) {
        timestamp_format(report->as_of_ms, as_of);
        strbuf_addf(out, "\"%s\"", as_of);
    } else {
        strbuf_add_text(out, "null");
    }
    for (size_t i = 0; i < report->step_count; i++)
        strbuf_addf(out, ",\"%s\":%" PRIu64, report->steps[i].key, report->steps[i].rows);
    strbuf_addf(out, ",\"chunks\":%" PRIu64 ",\"retries\":%" PRIu64 ",\"seconds\":%.3f}\n",
                report->chunks, report->retries, (double)report->duration_us / 1e6);
}

static void add_gauge(struct strbuf *out, const char *name, const char *help)
{
    strbuf_addf(out, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

void run_report_metrics(const struct run_report *report, struct strbuf *out)
{
    add_gauge(out, "coupon_expiry_last_success_timestamp_seconds",
              "When the last run that came to its end began, by the database's clock.");
    strbuf_addf(out, "coupon_expiry_last_success_timestamp_seconds %.3f\n",
                (double)report->as_of_ms / 1000);
    add_gauge(out, "coupon_expiry_duration_seconds", "How long that run took.");
    strbuf_addf(out, "coupon_expiry_duration_seconds %.3f\n", (double)report->duration_us / 1e6);
    add_gauge(out, "coupon_expiry_complete",
              "1: nothing that was due is left; 0: a limit was reached.");
    strbuf_addf(out, "coupon_expiry_complete %d\n", report->outcome == RUN_DONE);
    add_gauge(out, "coupon_expiry_rows", "Rows that run changed, by step.");
    for (size_t i = 0; i < report->step_count; i++)
        strbuf_addf(out, "coupon_expiry_rows{step=\"%s\"} %" PRIu64 "\n", report->steps[i].name,
                    report->steps[i].rows);
}

static bool write_all(int fd, const struct strbuf *text)
{
    for (size_t done = 0; done < text->len;) {
        ssize_t written = write(fd, text->data + done, text->len - done);

        if (written < 0 && errno != EINTR)
            return false;
        done += written > 0 ? (size_t)written : 0;
    }
    return fsync(fd) == 0;
}

bool run_report_save(const struct run_report *report, const char *path)
{
    struct strbuf text = STRBUF_INIT;
    struct strbuf temporary = STRBUF_INIT;
    bool saved = false;
    int fd;

    run_report_metrics(report, &text);
    strbuf_addf(&temporary, "%s.%ld", path, (long)getpid());
    fd = open(temporary.data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd >= 0) {
        /* Whoever collects it is somebody else. */
        saved = write_all(fd, &text) && fchmod(fd, 0644) == 0;
        saved = close(fd) == 0 && saved && rename(temporary.data, path) == 0;
        if (!saved) {
            int error = errno;

            unlink(temporary.data);
            errno = error;
        }
    }
    strbuf_free(&text);
    strbuf_free(&temporary);
    return saved;
}
