#include "issue-worker/issue_transaction.h"

#include <inttypes.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/mysql/coupon_row.h"
#include "common/mysql/schema_version.h"
#include "issue-worker/issue_counts.h"
#include "issue-worker/issue_lookup.h"
#include "issue-worker/issue_session.h"
#include "issue-worker/issue_statements.h"

/* Batches for which requestIds are looked up first, after one turned out to be there already. */
#define CAREFUL_BATCHES 50

struct issue_transaction {
    const char *topic;
    bool events;
    struct dead_letter *dead_letter;
    const struct batch_body *body;
    struct issue_transaction_hook hook;
    struct issue_session session;
    struct issue_decision *decision;
    struct issue_lookup lookup;
    struct strbuf statement;
    struct strbuf results; /* the statement that inserts them */
    struct strbuf outbox;  /* the statement that inserts the events */
    int careful;           /* batches left for which requestIds are looked up first */
    struct issue_counts counts;
    struct sql_fault fault;
    struct lost_commit lost_commit;
};

struct issue_transaction *issue_transaction_new(const struct sql_options *options,
                                                const char *topic, bool events,
                                                struct dead_letter *dead_letter,
                                                const struct batch_body *body,
                                                const struct issue_transaction_hook *hook)
{
    struct issue_transaction *transaction = calloc(1, sizeof *transaction);

    CHECK(transaction, "out of memory");
    transaction->topic = topic;
    transaction->events = events;
    transaction->dead_letter = dead_letter;
    transaction->body = body;
    transaction->hook = *hook;
    transaction->session = (struct issue_session){
        .options = options,
        .waiting = hook->waiting,
        .cookie = hook->cookie,
    };
    transaction->decision = issue_decision_new();
    return transaction;
}

void issue_transaction_free(struct issue_transaction *transaction)
{
    if (!transaction)
        return;
    issue_session_close(&transaction->session);
    issue_decision_free(transaction->decision);
    issue_lookup_free(&transaction->lookup);
    strbuf_free(&transaction->statement);
    strbuf_free(&transaction->results);
    strbuf_free(&transaction->outbox);
    issue_counts_free(&transaction->counts);
    free(transaction);
}

static enum sql_class execute(struct issue_transaction *transaction)
{
    return sql_session_execute(transaction->session.sql, transaction->statement.data,
                               transaction->statement.len, &transaction->fault);
}

static enum sql_class execute_text(struct issue_transaction *transaction, const char *text)
{
    return sql_session_execute(transaction->session.sql, text, strlen(text), &transaction->fault);
}

static enum schema_state connect(struct issue_transaction *transaction)
{
    bool fresh;
    enum schema_state state =
        issue_session_open(&transaction->session, &fresh, &transaction->fault);

    if (fresh)
        issue_lookup_forget(&transaction->lookup);
    return state;
}

/* Mark what lies below the fences; false: a span begins behind its fence by our own mistake. */
static bool apply_fences(struct issue_transaction *transaction, struct issue_batch *batch,
                         size_t *left)
{
    const struct issue_lookup *lookup = &transaction->lookup;

    for (size_t i = 0; i < batch->span_count; i++) {
        const struct issue_span *span = &batch->spans[i];
        const struct issue_fence *fence = &lookup->fences[i];

        CHECK(fence->partition == span->partition, "fence of partition %" PRId32, fence->partition);
        if (span->begin_offset > fence->next_offset) {
            snprintf(transaction->fault.text, sizeof transaction->fault.text,
                     "partition %" PRId32 " was read from %" PRId64 ", the fence is at %" PRId64,
                     span->partition, span->begin_offset, fence->next_offset);
            return false;
        }
    }
    *left = 0;
    for (size_t i = 0; i < batch->count; i++) {
        struct issue_item *item = &batch->items[i];
        const struct issue_span *span = issue_batch_span(batch, item->record.partition);

        item->skipped = item->record.offset < lookup->fences[span - batch->spans].next_offset;
        *left += !item->skipped;
    }
    return true;
}

static void decide_all(struct issue_transaction *transaction, struct issue_batch *batch)
{
    const struct issue_lookup *lookup = &transaction->lookup;

    issue_decision_clear(transaction->decision);
    issue_lookup_feed(lookup, transaction->decision);
    for (size_t i = 0; i < batch->count; i++) {
        struct issue_item *item = &batch->items[i];

        if (item->skipped)
            continue;
        if (item->record.replayed)
            issue_decide_replay(transaction->decision, &item->request, item->fault, lookup->now_ms,
                                &item->verdict);
        else
            issue_decide(transaction->decision, &item->request, item->fault, lookup->now_ms,
                         &item->verdict);
    }
}

static enum sql_class send(struct issue_transaction *transaction, const struct strbuf *statement)
{
    return sql_session_send(transaction->session.sql, statement->data, statement->len,
                            &transaction->fault);
}

static enum sql_class finish(struct issue_transaction *transaction)
{
    return sql_session_finish(transaction->session.sql, &transaction->fault);
}

/* The events' statement is made; false: there are none. */
static bool prepare_events(struct issue_transaction *transaction, const struct issue_batch *batch)
{
    return transaction->events &&
           issue_events_statement(&transaction->outbox, batch, transaction->counts.sold_out,
                                  transaction->counts.sold_out_count,
                                  transaction->lookup.now_ms) > 0;
}

/* Insert the winners, the results and the events. While the server is at the one, the text of the
 * next is made; while it is at the results, the hook has its turn too. */
static enum sql_class insert_rows(struct issue_transaction *transaction,
                                  const struct issue_batch *batch)
{
    int64_t now_ms = transaction->lookup.now_ms;
    size_t winners = issue_statement_insert_user_coupons(&transaction->statement, batch, now_ms);
    enum sql_class class = winners > 0 ? send(transaction, &transaction->statement) : SQL_OK;
    bool events = false;
    size_t results;

    if (class != SQL_OK)
        return class;
    results = issue_statement_insert_results(&transaction->results, batch, now_ms);
    if (winners > 0)
        class = finish(transaction);
    if (class != SQL_OK || results == 0)
        return class;
    class = send(transaction, &transaction->results);
    if (class != SQL_OK)
        return class;
    if (winners > 0)
        events = prepare_events(transaction, batch);
    transaction->session.busy = true;
    transaction->hook.meanwhile(transaction->hook.cookie);
    transaction->session.busy = false;
    class = finish(transaction);
    if (class != SQL_OK || !events)
        return class;
    return sql_session_execute(transaction->session.sql, transaction->outbox.data,
                               transaction->outbox.len, &transaction->fault);
}

static enum sql_class write_rows(struct issue_transaction *transaction, struct issue_batch *batch)
{
    struct strbuf *out = &transaction->statement;
    enum sql_class class = SQL_OK;

    issue_counts_take(&transaction->counts, transaction->decision, transaction->lookup.coupons,
                      transaction->lookup.coupon_count);
    if (issue_batch_has_replay(batch) && issue_statement_delete_replayed(out, batch) > 0)
        class = execute(transaction);
    if (class == SQL_OK)
        class = insert_rows(transaction, batch);
    if (class != SQL_OK)
        return class;
    if (transaction->counts.changed_count > 0) {
        issue_statement_update_coupons(out, transaction->counts.changed,
                                       transaction->counts.changed_count);
        class = execute(transaction);
        if (class != SQL_OK)
            return class;
    }
    issue_statement_move_fences(out, transaction->topic, batch);
    return execute(transaction);
}

static enum sql_class commit(struct issue_transaction *transaction, const struct issue_batch *batch,
                             struct issue_attempt *attempt)
{
    enum sql_class class;

    FAILPOINT("worker_before_commit");
    class = execute_text(transaction, "COMMIT");
    FAILPOINT("worker_after_commit");
    if (class == SQL_OK && !transaction->body)
        issue_lookup_committed(&transaction->lookup, batch, transaction->decision);
    if (class == SQL_OUTAGE) {
        lost_commit_note(&transaction->lost_commit, batch);
        attempt->commit = ISSUE_COMMIT_UNKNOWN;
    }
    return class;
}

static bool send_dead_letters(struct issue_transaction *transaction,
                              const struct issue_batch *batch, struct issue_attempt *attempt)
{
    bool sent;

    transaction->session.busy = true;
    sent = dead_letter_send(transaction->dead_letter, batch, transaction->hook.waiting,
                            transaction->hook.cookie, attempt->failure.text,
                            sizeof attempt->failure.text);
    transaction->session.busy = false;
    if (sent)
        return true;
    attempt->end = ISSUE_END_FAILED;
    attempt->failure.class = FAILURE_OUTAGE;
    attempt->failure.source = ISSUE_FAILURE_DEAD_LETTERS;
    return false;
}

/* Decide the batch's requests, and write what comes of it. */
static enum sql_class issue(struct issue_transaction *transaction, struct issue_batch *batch,
                            struct issue_attempt *attempt, int64_t *began_us)
{
    enum sql_class class = issue_lookup_batch(&transaction->lookup, transaction->session.sql, batch,
                                              transaction->careful > 0, &transaction->fault);

    if (class != SQL_OK)
        return class;
    *began_us = issue_attempt_phase(attempt, ISSUE_PHASE_READ, *began_us);
    decide_all(transaction, batch);
    *began_us = issue_attempt_phase(attempt, ISSUE_PHASE_DECIDE, *began_us);
    return write_rows(transaction, batch);
}

static enum sql_class run_body(struct issue_transaction *transaction, struct issue_batch *batch)
{
    enum sql_class class = transaction->body->write(
        transaction->body->cookie, transaction->session.sql, batch, &transaction->fault);

    if (class != SQL_OK)
        return class;
    issue_statement_move_fences(&transaction->statement, transaction->topic, batch);
    return execute(transaction);
}

/* False: attempt->end says why it is neither committed nor failed by the database. Else the class
 * of the statement that failed, or SQL_OK. */
static bool try_batch(struct issue_transaction *transaction, struct issue_batch *batch,
                      struct issue_attempt *attempt, enum sql_class *class)
{
    int64_t began_us = clock_monotonic_us();
    size_t left;

    FAILPOINT("worker_before_fences");
    *class = issue_lookup_fences(&transaction->lookup, transaction->session.sql, transaction->topic,
                                 batch, &transaction->fault);
    if (*class != SQL_OK)
        return true;
    if (!apply_fences(transaction, batch, &left)) {
        attempt->end = ISSUE_END_GAP;
        snprintf(attempt->failure.text, sizeof attempt->failure.text, "%s",
                 transaction->fault.text);
        return false;
    }
    attempt->commit = lost_commit_look(&transaction->lost_commit, batch, left);
    if (left == 0) {
        sql_session_rollback(transaction->session.sql);
        transaction->counts.sold_out_count = 0;
        return true;
    }
    *class = transaction->body ? run_body(transaction, batch)
                               : issue(transaction, batch, attempt, &began_us);
    if (*class != SQL_OK)
        return true;
    /* Last before COMMIT, so that a batch that starts over has not written its dead letters yet. */
    if (!send_dead_letters(transaction, batch, attempt))
        return false;
    began_us = issue_attempt_phase(attempt, ISSUE_PHASE_WRITE, began_us);
    *class = commit(transaction, batch, attempt);
    issue_attempt_phase(attempt, ISSUE_PHASE_COMMIT, began_us);
    return true;
}

/* Inserting without having looked is the fast way, and the unique key the guard: whoever finds a
 * requestId there already starts over and looks first, for a while. A key that is taken even so is
 * another one, which no look-up explains. */
static enum failure_class class_of(struct issue_transaction *transaction, enum sql_class class)
{
    bool looked = transaction->careful > 0;

    if (class == SQL_DUPLICATE) {
        transaction->careful = CAREFUL_BATCHES;
        issue_lookup_forget(&transaction->lookup);
        return looked ? FAILURE_RECORD : FAILURE_TRANSIENT;
    }
    if (class == SQL_OK && looked)
        transaction->careful--;
    return sql_failure_class(class);
}

void issue_transaction_run(struct issue_transaction *transaction, struct issue_batch *batch,
                           struct issue_attempt *attempt)
{
    enum schema_state state = connect(transaction);
    enum sql_class class = SQL_OK;

    CHECK(batch->count > 0, "an empty batch");
    *attempt = (struct issue_attempt){.end = ISSUE_END_DONE};
    if (state != SCHEMA_FITS) {
        issue_attempt_fail(attempt, state == SCHEMA_MISFIT ? FAILURE_STOP : FAILURE_OUTAGE,
                           state == SCHEMA_MISFIT ? ISSUE_FAILURE_SCHEMA : ISSUE_FAILURE_DATABASE,
                           &transaction->fault);
        return;
    }
    transaction->fault = (struct sql_fault){.class = SQL_OK};
    if (try_batch(transaction, batch, attempt, &class)) {
        enum failure_class failure = class_of(transaction, class);

        if (failure != FAILURE_NONE)
            issue_attempt_fail(attempt, failure, ISSUE_FAILURE_DATABASE, &transaction->fault);
    }
    issue_session_rest(&transaction->session, class, attempt->end != ISSUE_END_DONE);
    attempt->now_ms = transaction->lookup.now_ms;
}

bool issue_transaction_fences(struct issue_transaction *transaction, const int32_t *partitions,
                              size_t count, int64_t *next_offsets, struct sql_fault *fault)
{
    enum sql_class class = SQL_OUTAGE;

    if (transaction->session.busy)
        return issue_lookup_next_offsets_apart(transaction->session.options, transaction->topic,
                                               partitions, count, next_offsets, fault);
    if (connect(transaction) == SCHEMA_FITS) {
        class = issue_lookup_next_offsets(transaction->session.sql, transaction->topic, partitions,
                                          count, next_offsets, &transaction->fault);
        /* What was read began a transaction. */
        issue_session_rest(&transaction->session, class, true);
    }
    *fault = transaction->fault;
    return class == SQL_OK;
}

bool issue_transaction_count(struct issue_transaction *transaction, const struct strbuf *query,
                             int64_t *count, struct sql_fault *fault)
{
    if (connect(transaction) == SCHEMA_FITS)
        return issue_session_count(&transaction->session, query, count, fault);
    *fault = transaction->fault;
    return false;
}

const struct issue_sold_out *issue_transaction_sold_out(const struct issue_transaction *transaction,
                                                        size_t *count)
{
    *count = transaction->counts.sold_out_count;
    return transaction->counts.sold_out;
}
