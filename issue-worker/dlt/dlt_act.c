#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "common/base/clock.h"
#include "common/base/failpoint.h"
#include "issue-worker/dlt/dlt_producer.h"
#include "issue-worker/dlt/dlt_scan.h"
#include "issue-worker/dlt/dlt_text.h"
#include "issue-worker/dlt/dlt_verbs.h"

/* A run of replay or discard. */
struct acting {
    struct dlt_scan scan;
    struct dlt_producer *producer; /* of a replay that is no dry run */
    struct dlt_deed deed;
    struct strbuf line;
    bool replays;
    bool json;
    int64_t next_us; /* monotonic: when the rate allows the next one */
    int64_t done;
    int64_t closed;  /* were replayed or discarded before */
    int64_t repeats; /* letters about a record that had its turn */
    int64_t refused; /* can't be replayed */
    int status;      /* why the run can't go on; EX_OK: it can */
};

/* How one letter ended. */
struct ending {
    const char *failure; /* NULL: none */
    int32_t partition;   /* its new place; -1: none */
    int64_t offset;
};

static void print_ending(struct acting *acting, const struct dlt_letter *letter,
                         const struct ending *ending)
{
    const struct dlt_options *options = acting->scan.options;
    struct strbuf *out = &acting->line;
    const char *verb = acting->replays ? "replay" : "discard";

    strbuf_clear(out);
    if (acting->json) {
        strbuf_addf(out,
                    "{\"id\":\"%" PRId32 ":%" PRId64
                    "\",\"action\":\"%s\",\"dryRun\":%s,\"requestId\":",
                    letter->partition, letter->offset, verb, options->dry_run ? "true" : "false");
        dlt_text_json_bytes(out,
                            (struct dlt_bytes){letter->request_id[0] ? letter->request_id : NULL,
                                               strlen(letter->request_id)});
        strbuf_add_text(out, ",\"newPlace\":");
        if (ending->partition >= 0)
            strbuf_addf(out, "\"%" PRId32 ":%" PRId64 "\"", ending->partition, ending->offset);
        else
            strbuf_add_text(out, "null");
        strbuf_add_text(out, ",\"failure\":");
        dlt_text_json_bytes(out, (struct dlt_bytes){ending->failure,
                                                    ending->failure ? strlen(ending->failure) : 0});
        strbuf_add_text(out, "}\n");
    } else {
        strbuf_addf(out, "%" PRId32 ":%" PRId64 " %s%s%s", letter->partition, letter->offset,
                    ending->failure    ? "not "
                    : options->dry_run ? "would be "
                                       : "",
                    verb, "ed");
        if (ending->partition >= 0)
            strbuf_addf(out, " as %" PRId32 ":%" PRId64, ending->partition, ending->offset);
        if (letter->request_id[0])
            strbuf_addf(out, ", request %s", letter->request_id);
        if (ending->failure)
            strbuf_addf(out, ": %s", ending->failure);
        strbuf_add(out, "\n", 1);
    }
    dlt_progress_clear(&acting->scan.progress);
    fwrite(out->data, 1, out->len, stdout);
    fflush(stdout);
}

/* Wait until the rate allows one more; a signal ends the wait. */
static void pace(struct acting *acting)
{
    int64_t now_us = clock_monotonic_us();
    int64_t wait_us = acting->next_us - now_us;

    if (wait_us > 0) {
        const struct timespec wait = {wait_us / 1000000, wait_us % 1000000 * 1000};

        nanosleep(&wait, NULL);
        now_us = clock_monotonic_us();
    }
    acting->next_us = now_us + 1000000 / acting->scan.options->rate;
}

static bool give_up(struct acting *acting, const char *why)
{
    dlt_scan_say(&acting->scan, "%s; run this again: it goes on where it ended", why);
    acting->status = EX_UNAVAILABLE;
    return false;
}

static bool refuse(struct acting *acting, const struct dlt_letter *letter, const char *why)
{
    const struct ending ending = {why, -1, -1};

    acting->refused++;
    print_ending(acting, letter, &ending);
    return true;
}

static bool finish(struct acting *acting, const struct dlt_letter *letter,
                   const struct ending *ending)
{
    acting->scan.acted = ++acting->done;
    print_ending(acting, letter, ending);
    return true;
}

/* The row about it comes first: whoever is ended in between leaves it unfinished, and the next run
 * takes it up again. Should the record be there twice then, the worker decides it once. */
static bool replay(struct acting *acting, const struct dlt_letter *letter)
{
    struct dlt_audit *audit = acting->scan.audit;
    struct ending ending = {0};
    uint64_t action_id;
    char error[256];

    pace(acting);
    if (*acting->scan.interrupted)
        return false;
    if (!dlt_audit_begin_replay(audit, letter, &acting->deed, &action_id))
        return give_up(acting, dlt_audit_error(audit));
    FAILPOINT("dlt_before_produce");
    switch (dlt_producer_send(acting->producer, letter, &ending.partition, &ending.offset, error,
                              sizeof error)) {
    case DLT_PRODUCE_REFUSED:
        if (!dlt_audit_replay_failed(audit, action_id, error))
            return give_up(acting, dlt_audit_error(audit));
        return refuse(acting, letter, error);
    case DLT_PRODUCE_FAILED:
        return give_up(acting, error);
    case DLT_PRODUCED:
        break;
    }
    FAILPOINT("dlt_after_produce");
    if (!dlt_audit_replayed(audit, action_id, ending.partition, ending.offset))
        return give_up(acting, dlt_audit_error(audit));
    return finish(acting, letter, &ending);
}

static bool discard(struct acting *acting, const struct dlt_letter *letter)
{
    const struct ending ending = {NULL, -1, -1};

    if (!dlt_audit_discard(acting->scan.audit, letter, &acting->deed))
        return give_up(acting, dlt_audit_error(acting->scan.audit));
    return finish(acting, letter, &ending);
}

static bool is_of_another_topic(const struct dlt_options *options, const struct dlt_letter *letter)
{
    size_t len = strlen(options->kafka.topic);

    return letter->topic.data &&
           (letter->topic.len != len || memcmp(letter->topic.data, options->kafka.topic, len) != 0);
}

static bool act_on_letter(void *cookie, const struct dlt_view *view)
{
    struct acting *acting = cookie;
    const struct dlt_options *options = acting->scan.options;
    const struct dlt_letter *letter = view->letter;
    const struct ending dry = {NULL, -1, -1};
    bool go_on;

    if (!dlt_state_is_open(view->state)) {
        acting->closed++;
        return true;
    }
    if (view->first_offset != letter->offset) {
        acting->repeats++;
        return true;
    }
    if (acting->replays && is_of_another_topic(options, letter))
        return refuse(acting, letter, "its headers name another topic");
    if (options->dry_run)
        go_on = finish(acting, letter, &dry);
    else
        go_on = acting->replays ? replay(acting, letter) : discard(acting, letter);
    return go_on && !ferror(stdout) && acting->done != options->limit;
}

static void add_count(struct strbuf *out, int64_t count, const char *what)
{
    if (count > 0)
        strbuf_addf(out, ", %" PRId64 " %s", count, what);
}

static void sum_up(struct acting *acting)
{
    struct strbuf *out = &acting->line;

    strbuf_clear(out);
    add_count(out, acting->refused, "can't be");
    add_count(out, acting->closed, "left out that were replayed or discarded before");
    add_count(out, acting->repeats, "left out that are about the same records");
    dlt_scan_say(&acting->scan, "%s%" PRId64 " %s%s",
                 acting->scan.options->dry_run ? "dry run: " : "", acting->done,
                 acting->replays ? "replayed" : "discarded", out->len ? out->data : "");
}

static int run(struct acting *acting)
{
    int status = dlt_scan_run(&acting->scan);

    sum_up(acting);
    if (ferror(stdout))
        return EX_IOERR;
    if (acting->status != EX_OK)
        return acting->status;
    if (status == EX_OK && *acting->scan.interrupted)
        return EX_TEMPFAIL;
    return status == EX_OK && acting->refused > 0 ? EX_DATAERR : status;
}

/* Its records go where the gateways send those of the same coupon. */
static int open_producer(struct acting *acting)
{
    const struct kafka_options *options = &acting->scan.options->kafka;
    int32_t partitions;
    char error[512];

    if (!dlt_audit_layout(acting->scan.audit, &partitions)) {
        dlt_scan_say(&acting->scan, "%s", dlt_audit_error(acting->scan.audit));
        return EX_UNAVAILABLE;
    }
    acting->producer = dlt_producer_new(options, partitions, error, sizeof error);
    if (acting->producer)
        return EX_OK;
    dlt_scan_say(&acting->scan, "%s", error);
    return EX_CONFIG;
}

int dlt_act(const struct dlt_options *options, struct dlt_audit *audit,
            const volatile sig_atomic_t *interrupted)
{
    struct acting acting = {
        .deed = {options->actor, options->reason},
        .replays = options->verb == DLT_REPLAY,
        .json = strcmp(options->format, "json") == 0,
    };
    int status = EX_OK;

    acting.scan = (struct dlt_scan){.options = options,
                                    .audit = audit,
                                    .visit = act_on_letter,
                                    .cookie = &acting,
                                    .interrupted = interrupted};
    if (acting.replays && !options->dry_run)
        status = open_producer(&acting);
    if (status == EX_OK)
        status = run(&acting);
    dlt_producer_free(acting.producer);
    strbuf_free(&acting.line);
    return status;
}
