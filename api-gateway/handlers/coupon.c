#include "api-gateway/handlers/coupon.h"

#include <stdlib.h>

#include "api-gateway/handlers/problems.h"
#include "api-gateway/io_thread.h"
#include "common/base/check.h"
#include "common/base/container_of.h"

/* Somebody who asked for a coupon, or for the list, while it is being read. */
struct coupon_reader {
    struct io_thread *thread;
    struct http_exchange *exchange;
    struct coupon_wait coupon;
    struct coupon_list_wait list;
};

static void end(struct coupon_reader *reader)
{
    coupon_cache_leave(&reader->coupon);
    coupon_list_leave(&reader->list);
    free(reader);
}

static void client_gone(void *cookie)
{
    end(cookie);
}

static void answer(struct coupon_reader *reader, enum coupon_answer found,
                   const struct coupon_view *view)
{
    struct strbuf *body = &reader->thread->scratch;
    struct coupon coupon;

    if (found == COUPON_ABSENT || (found == COUPON_KNOWN && view->coupon.status == COUPON_DRAFT)) {
        problem_unknown_coupon(reader->exchange);
    } else if (found == COUPON_DOUBTFUL) {
        problem_unavailable(reader->exchange, "The coupon can't be read now.");
    } else {
        coupon = view->coupon;
        coupon.issued_count = coupon.total_stock - admission_remaining(view);
        strbuf_clear(body);
        coupon_encode_public(&coupon, body);
        http_exchange_json(reader->exchange, 200, NULL, body->data, body->len);
    }
    end(reader);
}

static void coupon_ready(struct coupon_wait *wait, enum coupon_answer found,
                         const struct coupon_view *view)
{
    answer(CONTAINER_OF(wait, struct coupon_reader, coupon), found, view);
}

static void answer_list(struct coupon_reader *reader, const char *json, size_t len)
{
    if (json)
        http_exchange_json(reader->exchange, 200, NULL, json, len);
    else
        problem_unavailable(reader->exchange, "The coupons can't be read now.");
    end(reader);
}

static void list_ready(struct coupon_list_wait *wait, const char *json, size_t len)
{
    answer_list(CONTAINER_OF(wait, struct coupon_reader, list), json, len);
}

static struct coupon_reader *reader_new(struct http_exchange *exchange)
{
    struct coupon_reader *reader = calloc(1, sizeof *reader);

    CHECK(reader, "out of memory");
    reader->thread = http_exchange_context(exchange);
    reader->exchange = exchange;
    reader->coupon.ready = coupon_ready;
    reader->list.ready = list_ready;
    http_exchange_on_gone(exchange, client_gone, reader);
    return reader;
}

void coupon_handle_read(struct http_exchange *exchange)
{
    const struct coupon_view *view = NULL;
    struct coupon_reader *reader;
    enum coupon_answer found;
    uint64_t coupon_id;

    if (!http_slice_id(http_exchange_request(exchange)->params[0], &coupon_id)) {
        problem_invalid_request(
            exchange, "The id in the path must be an integer from 1 to 9223372036854775807.");
        return;
    }
    reader = reader_new(exchange);
    found = coupon_cache_find(reader->thread->coupons, coupon_id, &view, &reader->coupon);
    if (found != COUPON_WAIT)
        answer(reader, found, view);
}

void coupon_handle_list(struct http_exchange *exchange)
{
    struct coupon_reader *reader = reader_new(exchange);
    const char *json = NULL;
    size_t len = 0;

    switch (coupon_list_get(reader->thread->coupon_list, &json, &len, &reader->list)) {
    case COUPON_LIST_READY:
        answer_list(reader, json, len);
        break;
    case COUPON_LIST_UNAVAILABLE:
        answer_list(reader, NULL, 0);
        break;
    case COUPON_LIST_WAIT:
        break;
    }
}
