#include "issue-worker/consume_loop_parts.h"

#include <inttypes.h>
#include <time.h>

#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/base/log.h"

/* A shorter wait is slept; in a longer one the group is served. */
#define SLEEP_MAX_MS 50

void consume_hold(struct consume_loop *loop, enum failure_class class)
{
    if (loop->held)
        return;
    loop->held = true;
    worker_metrics_pause(loop->metrics, class);
    issue_consumer_pause(loop->consumer);
}

void consume_release(struct consume_loop *loop)
{
    if (!loop->held)
        return;
    loop->held = false;
    issue_consumer_resume(loop->consumer);
}

bool consume_rewind(struct consume_loop *loop)
{
    if (!issue_consumer_rewind(loop->consumer))
        return false;
    loop->held = false;
    return true;
}

/* xorshift32: https://www.jstatsoft.org/article/view/v008i14 */
static uint32_t next_random(struct consume_loop *loop)
{
    loop->random ^= loop->random << 13;
    loop->random ^= loop->random >> 17;
    loop->random ^= loop->random << 5;
    return loop->random;
}

static void wait_for(struct consume_loop *loop, enum failure_class class, int wait_ms)
{
    struct timespec pause = {.tv_nsec = wait_ms * 1000000L};

    if (wait_ms > SLEEP_MAX_MS || loop->held) {
        consume_hold(loop, class);
        issue_consumer_wait(loop->consumer, wait_ms);
    } else if (wait_ms > 0) {
        nanosleep(&pause, NULL);
    }
}

/* What is to be tried now. */
static struct issue_batch *current(struct consume_loop *loop)
{
    const struct batch_course *course = &loop->course;

    if (!batch_course_split(course))
        return loop->batch;
    issue_batch_view(&loop->part, loop->batch, course->begin, course->end);
    return &loop->part;
}

/* Whatever comes of it, the batch before is published then. */
static void run_transaction(struct consume_loop *loop, struct issue_batch *part,
                            struct issue_attempt *attempt)
{
    loop->deciding = true;
    loop->revoked = false;
    issue_transaction_run(loop->transaction, part, attempt);
    loop->deciding = false;
    consume_publish(loop);
}

static void tell_of_commit(struct consume_loop *loop, const struct issue_attempt *attempt)
{
    static const char *const found[] = {
        [ISSUE_COMMIT_FOUND_DONE] = "done",
        [ISSUE_COMMIT_FOUND_UNDONE] = "not done; it is done again",
    };

    if (attempt->commit == ISSUE_COMMIT_ANSWERED)
        return;
    worker_metrics_commit(loop->metrics, attempt->commit);
    if (attempt->commit == ISSUE_COMMIT_UNKNOWN)
        log_warn("commit_unknown", "the answer to a COMMIT was lost; the fence will tell");
    else
        log_info("commit_found", "the fence says that the COMMIT without an answer was %s",
                 found[attempt->commit]);
}

static struct log_about about_of(const struct issue_item *item)
{
    return (struct log_about){
        .request_id = item->request.request_id,
        .coupon_id = item->request.coupon_id,
        .traceparent = item->request.traceparent,
        .placed = true,
        .partition = item->record.partition,
        .offset = item->record.offset,
    };
}

/* What was committed, record by record: dead letters always, the others for those who look. */
static void tell_of_records(const struct issue_batch *batch)
{
    bool all = log_wants(LOG_LEVEL_DEBUG);

    for (size_t i = 0; i < batch->count; i++) {
        const struct issue_item *item = &batch->items[i];
        struct log_about about;

        if (item->skipped || (!all && !dead_letter_wanted(item)))
            continue;
        about = about_of(item);
        if (dead_letter_wanted(item))
            log_write_about(LOG_LEVEL_WARN, &about, "dead_letter", "%s: %s",
                            issue_request_fault_name(item->fault),
                            item->detail ? item->detail : "its requestId is another request's");
        else
            log_write_about(LOG_LEVEL_DEBUG, &about, "decided", "%s",
                            item->verdict.kind == ISSUE_VERDICT_REPEATED
                                ? "decided before"
                                : issue_outcome_name(item->verdict.outcome));
    }
}

static void tell_of_failure(const struct batch_course *course, const struct issue_attempt *attempt,
                            const struct issue_item *first)
{
    struct log_about about = about_of(first);
    size_t records = course->end - course->begin;
    const char *text = attempt->failure.text;

    switch (attempt->failure.class) {
    case FAILURE_RECORD:
        if (records > 1)
            log_warn("batch_refused", "%s; %zu records are tried in halves", text, records);
        else
            log_write_about(LOG_LEVEL_WARN, &about, "record_refused",
                            "partition %" PRId32 " offset %" PRId64 ", time %u: %s",
                            about.partition, about.offset, course->failures[FAILURE_RECORD], text);
        break;
    case FAILURE_TRANSIENT:
        log_warn("batch_again", "%s", text);
        break;
    default:
        log_error(attempt->failure.source == ISSUE_FAILURE_DEAD_LETTERS ? "dead_letters_away"
                                                                        : "database_away",
                  "%s; nothing is skipped, %zu records wait", text, records);
    }
}

static void set_aside(struct consume_loop *loop, const struct issue_attempt *attempt)
{
    struct issue_item *item = &loop->batch->items[loop->course.begin];
    struct log_about about = about_of(item);
    int form = (int)loop->course.failures[FAILURE_RECORD] - FAILURE_RECORD_TRIES + 1;

    log_write_about(LOG_LEVEL_ERROR, &about, "record_set_aside",
                    "partition %" PRId32 " offset %" PRId64 " becomes a dead letter%s",
                    item->record.partition, item->record.offset,
                    form == 1   ? ""
                    : form == 2 ? ", its result without coupon and user"
                                : ", without a result, which the database refuses too");
    issue_item_set_aside(item, form, FAILURE_RECORD_TRIES, attempt->failure.text);
}

/* Take the step that the policy says. False: the batch is given up, or the loop ends. */
static bool take_failure(struct consume_loop *loop, const struct issue_attempt *attempt)
{
    enum failure_class class = attempt->failure.class;
    struct failure_step step = batch_course_failed(&loop->course, class, next_random(loop));

    worker_metrics_retry(loop->metrics, class);
    if (step.action == FAILURE_ACTION_STOP) {
        loop->stop = FAILURE_STOP_SCHEMA;
        log_error(failure_stop_event(loop->stop), "%s", attempt->failure.text);
        return false;
    }
    if (atomic_load(&loop->stopping)) {
        log_warn("batch_given_up", "stopping; %zu records are left for the next worker: %s",
                 loop->batch->count - loop->course.begin, attempt->failure.text);
        issue_batch_clear(loop->batch);
        return false;
    }
    if (step.action == FAILURE_ACTION_WAIT)
        atomic_store(&loop->ready, false);
    if (step.action == FAILURE_ACTION_SET_ASIDE)
        set_aside(loop, attempt);
    wait_for(loop, class, step.wait_ms);
    return loop->batch->count > 0;
}

/* The batch is done with, or not ours any more; the next one is what was collected meanwhile.
 * Always false. */
static bool go_to_next(struct consume_loop *loop)
{
    struct issue_batch *next = loop->other;

    CHECK(!loop->unpublished, "the batch before is not published");
    loop->other = loop->batch;
    loop->batch = next;
    issue_batch_clear(loop->other);
    return false;
}

/* The records that were tried are committed. False: that was all of the batch. */
static bool take_success(struct consume_loop *loop, const struct issue_batch *part, int64_t now_ms)
{
    bool whole = part == loop->batch;

    if (whole) {
        consume_keep_committed(loop, now_ms);
        return false;
    }
    consume_publish_part(loop, part, now_ms);
    /* Where it was taken away meanwhile, the rest is another's. */
    return !loop->revoked && batch_course_done(&loop->course) ? true : go_to_next(loop);
}

/* Reading had begun at another place than the fence. */
static void read_again(struct consume_loop *loop, const struct issue_attempt *attempt)
{
    log_warn("read_from_wrong_offset", "%s; reading again from the fence", attempt->failure.text);
    issue_batch_clear(loop->batch);
    issue_batch_clear(loop->other);
    if (!consume_rewind(loop))
        log_warn("rewind_failed", "trying again with the next batch");
}

/* One attempt at what is to be tried now. False: there is nothing left to try. */
static bool attempt_once(struct consume_loop *loop)
{
    struct issue_batch *part = current(loop);
    struct issue_attempt attempt;

    worker_metrics_oldest(loop->metrics, part);
    run_transaction(loop, part, &attempt);
    tell_of_commit(loop, &attempt);
    worker_metrics_mysql(loop->metrics, &attempt);
    if (attempt.end == ISSUE_END_DONE) {
        worker_metrics_batch(loop->metrics, part, &attempt);
        if (loop->body)
            loop->body->committed(loop->body->cookie, part);
        else if (!loop->revoked)
            consume_remember(loop, part);
        tell_of_records(part);
        return take_success(loop, part, attempt.now_ms);
    }
    if (loop->revoked) {
        log_warn("batch_dropped", "its partitions were taken away; %s", attempt.failure.text);
        return go_to_next(loop);
    }
    if (attempt.end == ISSUE_END_GAP) {
        read_again(loop, &attempt);
        return false;
    }
    tell_of_failure(&loop->course, &attempt, &part->items[0]);
    return take_failure(loop, &attempt);
}

void consume_decide(struct consume_loop *loop)
{
    if (loop->batch->count > 0) {
        batch_course_start(&loop->course, loop->batch->count);
        while (issue_consumer_stopped(loop->consumer) == FAILURE_STOP_NONE && attempt_once(loop))
            ;
    }
    /* Also where the batch that fetching was paused for was taken away before its turn. */
    if (loop->held && loop->stop == FAILURE_STOP_NONE) {
        log_info("going_on", "records are fetched again");
        consume_release(loop);
    }
}
