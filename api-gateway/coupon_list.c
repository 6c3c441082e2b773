#include "api-gateway/coupon_list.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/strbuf.h"
#include "common/mysql/coupon_row.h"

#define PATIENCE_MS 1000
#define COUPONS_MAX 500 /* open coupons shown; a shop has a handful at a time */

TAILQ_HEAD(wait_list, coupon_list_wait);

struct coupon_list {
    struct sql_pool *pool;
    struct sql_mailbox *mailbox;
    int64_t refresh_us;
    struct strbuf json;
    int64_t read_us; /* 0: never */
    struct wait_list waiting;
    struct list_job *job; /* under way, or NULL */
};

struct list_job {
    struct sql_job job;
    struct coupon_list *list;
    struct strbuf json;
    size_t count;
};

struct coupon_list *coupon_list_new(struct sql_pool *pool, struct sql_mailbox *mailbox,
                                    int64_t refresh_ms)
{
    struct coupon_list *list = calloc(1, sizeof *list);

    CHECK(list, "out of memory");
    list->pool = pool;
    list->mailbox = mailbox;
    list->refresh_us = refresh_ms * 1000;
    TAILQ_INIT(&list->waiting);
    return list;
}

void coupon_list_free(struct coupon_list *list)
{
    if (!list)
        return;
    CHECK(TAILQ_EMPTY(&list->waiting), "the coupon list is still waited for");
    CHECK(!list->job, "a query is under way");
    strbuf_free(&list->json);
    free(list);
}

static void read_coupon(void *cookie, char **values, const unsigned long *lengths)
{
    struct list_job *job = cookie;
    struct coupon coupon;

    coupon_row_read(values, lengths, &coupon);
    if (job->count++)
        strbuf_add(&job->json, ",", 1);
    coupon_encode_public(&coupon, &job->json);
}

static enum sql_class run(struct sql_job *job, struct sql_session *session, struct sql_fault *fault)
{
    struct list_job *list_job = (struct list_job *)job;
    struct strbuf statement = STRBUF_INIT;
    enum sql_class class;

    strbuf_addf(&statement,
                "SELECT " COUPON_ROW_COLUMNS " FROM coupon WHERE status='OPEN' AND "
                "(issue_ends_at IS NULL OR issue_ends_at>UTC_TIMESTAMP(3)) "
                "ORDER BY coupon_id DESC LIMIT %d",
                COUPONS_MAX);
    strbuf_add_text(&list_job->json, "{\"coupons\":[");
    class = sql_session_query(session, statement.data, statement.len, read_coupon, list_job, fault);
    strbuf_add_text(&list_job->json, "]}");
    strbuf_free(&statement);
    return class;
}

static void wake_all(struct coupon_list *list, const char *json, size_t len)
{
    struct coupon_list_wait *wait;

    while ((wait = TAILQ_FIRST(&list->waiting))) {
        TAILQ_REMOVE(&list->waiting, wait, next);
        wait->waiting_in = NULL;
        wait->ready(wait, json, len);
    }
}

static void done(struct sql_job *job)
{
    struct list_job *list_job = (struct list_job *)job;
    struct coupon_list *list = list_job->list;

    list->job = NULL;
    if (job->class == SQL_OK) {
        strbuf_free(&list->json);
        list->json = list_job->json;
        list_job->json = (struct strbuf)STRBUF_INIT;
        list->read_us = clock_monotonic_us();
    } else {
        log_warn("coupons_not_read", "error %u: %s", job->fault.code, job->fault.text);
    }
    wake_all(list, list->read_us ? list->json.data : NULL, list->json.len);
    strbuf_free(&list_job->json);
    free(list_job);
}

static void ask(struct coupon_list *list)
{
    struct list_job *list_job = calloc(1, sizeof *list_job);

    CHECK(list_job, "out of memory");
    list_job->job.run = run;
    list_job->job.done = done;
    list_job->list = list;
    list->job = list_job;
    if (sql_pool_submit(list->pool, list->mailbox, &list_job->job, PATIENCE_MS))
        return;
    list->job = NULL;
    free(list_job);
}

enum coupon_list_answer coupon_list_get(struct coupon_list *list, const char **json, size_t *len,
                                        struct coupon_list_wait *wait)
{
    int64_t now_us = clock_monotonic_us();
    bool fresh = list->read_us && now_us - list->read_us < list->refresh_us;

    if (!fresh && !list->job)
        ask(list);
    if (!fresh && list->job) {
        wait->waiting_in = list;
        TAILQ_INSERT_TAIL(&list->waiting, wait, next);
        return COUPON_LIST_WAIT;
    }
    /* When the pool took no question, what was read last is better than nothing. */
    *json = list->json.data;
    *len = list->json.len;
    return list->read_us ? COUPON_LIST_READY : COUPON_LIST_UNAVAILABLE;
}

void coupon_list_leave(struct coupon_list_wait *wait)
{
    struct coupon_list *list = wait->waiting_in;

    if (!list)
        return;
    TAILQ_REMOVE(&list->waiting, wait, next);
    wait->waiting_in = NULL;
}
