#ifndef BENCH_REQUESTS_H
#define BENCH_REQUESTS_H

#include <stdint.h>
#include <string.h>

#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/contract/issue_request.h"

/* The requests that both sides of a measure of the worker get, made as a gateway makes them: ids
 * that grow with time, and distinct users in no order. */
#define BENCH_REQUESTS_PER_MS 20

struct bench_requests {
    uint64_t coupon_id;
    uint64_t made;
    int64_t start_ms;
    struct request_id_generator generator;
};

static inline void bench_requests_start(struct bench_requests *requests, uint64_t coupon_id)
{
    char error[128];

    memset(requests, 0, sizeof *requests);
    requests->coupon_id = coupon_id;
    requests->start_ms = clock_wall_ms();
    requests->generator.keys =
        request_id_keys_parse("000102030405060708090a0b0c0d0e0f\n", error, sizeof error);
    CHECK(requests->generator.keys, "%s", error);
}

static inline void bench_requests_next(struct bench_requests *requests,
                                       struct issue_request *request)
{
    int64_t now_ms = requests->start_ms + (int64_t)(requests->made / BENCH_REQUESTS_PER_MS);

    memset(request, 0, sizeof *request);
    request->coupon_id = requests->coupon_id;
    request->user_id = (uint32_t)(requests->made++ * 2654435761u) + UINT64_C(1);
    request->accepted_at_ms = now_ms;
    request_id_generate(&requests->generator, now_ms, request->user_id, request->request_id);
}

#endif
