#include "issue-worker/shop/shop_work.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "common/base/log.h"
#include "common/metrics/metrics.h"
#include "common/mysql/user_coupon_change.h"

enum outcome { DONE, DONE_BEFORE, WITHOUT_COUPON, REFUSED, OUTCOMES };

struct shop_work {
    enum shop_event_kind kind;
    struct batch_body body;
    struct metric *counts[OUTCOMES];
};

/* An item's own. */
struct shop_item {
    struct shop_event event;
    enum outcome outcome;
};

static enum issue_request_fault read_item(void *cookie, struct issue_item *item, char *detail,
                                          size_t detail_size)
{
    const struct shop_work *work = cookie;
    struct shop_item *shop = calloc(1, sizeof *shop);

    CHECK(shop, "out of memory");
    item->event = shop;
    return shop_event_decode(work->kind, item->record.value, item->record.value_len, &shop->event,
                             detail, detail_size);
}

/* An attempt leaves nothing behind; what the reader said stays. */
static void forget_attempt(struct issue_item *item)
{
    item->verdict = (struct issue_verdict){.kind = ISSUE_VERDICT_DECIDED};
    if (!item->cause)
        return;
    item->cause = NULL;
    free(item->detail);
    item->detail = NULL;
}

static void refuse(struct issue_item *item)
{
    struct shop_item *shop = item->event;

    item->verdict.kind = ISSUE_VERDICT_FAULTY;
    shop->outcome = REFUSED;
}

static void refuse_step(struct issue_item *item, enum user_coupon_step step)
{
    item->cause = user_coupon_step_name(step);
    item->detail = strdup(user_coupon_step_text(step));
    CHECK(item->detail, "out of memory");
    refuse(item);
}

static struct user_coupon_wish wish_of(const struct shop_event *event)
{
    struct user_coupon_wish wish = {
        .coupon_id = event->coupon_id,
        .issue_no = event->issue_no,
        .user_id = event->user_id,
        .order_amount = event->total_amount,
        .discount_is_told = event->discount_amount >= 0,
        .discount_told = event->discount_amount,
    };

    memcpy(wish.order_id, event->order_id, sizeof wish.order_id);
    return wish;
}

static enum sql_class take(struct issue_item *item, struct sql_session *session,
                           struct sql_fault *fault)
{
    struct shop_item *shop = item->event;
    struct user_coupon_wish wish = wish_of(&shop->event);
    struct user_coupon_outcome outcome = {.step = USER_COUPON_STEP_NONE};
    enum sql_class class = SQL_OK;

    if (shop->event.kind == SHOP_EVENT_ORDER_CANCELLED)
        class = user_coupon_change_close_order(session, &wish, &outcome, fault);
    else if (shop->event.coupon_id == 0)
        shop->outcome = WITHOUT_COUPON;
    else if (shop->event.amounts_differ)
        outcome.step = USER_COUPON_STEP_AMOUNT_MISMATCH;
    else
        class = user_coupon_change_use(session, &wish, &outcome, fault);
    if (class != SQL_OK || shop->outcome == WITHOUT_COUPON)
        return class;
    if (outcome.step == USER_COUPON_STEP_CHANGE)
        shop->outcome = DONE;
    else if (outcome.step == USER_COUPON_STEP_NONE ||
             outcome.step == USER_COUPON_STEP_ORDER_CANCELLED)
        shop->outcome = DONE_BEFORE;
    else
        refuse_step(item, outcome.step);
    return SQL_OK;
}

static enum sql_class write_items(void *cookie, struct sql_session *session,
                                  struct issue_batch *batch, struct sql_fault *fault)
{
    enum sql_class class = SQL_OK;

    (void)cookie;
    for (size_t i = 0; i < batch->count && class == SQL_OK; i++) {
        struct issue_item *item = &batch->items[i];

        forget_attempt(item);
        if (item->skipped)
            continue;
        if (item->fault != ISSUE_REQUEST_OK)
            refuse(item);
        else
            class = take(item, session, fault);
    }
    return class;
}

static void count_items(void *cookie, const struct issue_batch *batch)
{
    const struct shop_work *work = cookie;

    for (size_t i = 0; i < batch->count; i++) {
        const struct issue_item *item = &batch->items[i];
        const struct shop_item *shop = item->event;

        if (item->skipped)
            continue;
        metric_add(work->counts[shop->outcome], 1);
        if (shop->outcome == REFUSED)
            log_warn("shop_event_refused",
                     "%s partition %" PRId32 " offset %" PRId64 " is a dead letter: %s",
                     item->record.topic, item->record.partition, item->record.offset,
                     item->cause ? item->cause : issue_request_fault_name(item->fault));
    }
}

struct shop_work *shop_work_new(enum shop_event_kind kind)
{
    static const char *const outcomes[] = {
        [DONE] = "done",
        [DONE_BEFORE] = "nothing_to_do",
        [WITHOUT_COUPON] = "without_coupon",
        [REFUSED] = "dead_letter",
    };
    struct shop_work *work = calloc(1, sizeof *work);
    char labels[80];

    CHECK(work, "out of memory");
    work->kind = kind;
    work->body = (struct batch_body){read_item, write_items, count_items, work};
    for (int i = 0; i < OUTCOMES; i++) {
        snprintf(labels, sizeof labels, "event=\"%s\",outcome=\"%s\"", shop_event_kind_name(kind),
                 outcomes[i]);
        work->counts[i] =
            metric_counter("coupon_worker_shop_events_total", "The shop's events taken.", labels);
    }
    return work;
}

void shop_work_free(struct shop_work *work)
{
    free(work);
}

const struct batch_body *shop_work_body(const struct shop_work *work)
{
    return &work->body;
}
