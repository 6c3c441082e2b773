#include "api-gateway/handlers/issue_policy.h"

#include <stdlib.h>

#include "api-gateway/handlers/issue.h"
#include "api-gateway/handlers/problems.h"
#include "api-gateway/io_thread.h"
#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"

/* A request that waits for its policy. */
struct issue_policy {
    struct http_exchange *exchange;
    struct issue_wish wish;
    struct issue_style style;
    struct policy_wait wait;
};

static void go_on(struct http_exchange *exchange, const struct issue_wish *wish,
                  struct issue_style style, enum policy_answer answer,
                  const struct policy_view *view)
{
    struct issue_wish chosen = *wish;

    switch (answer) {
    case POLICY_KNOWN:
        chosen.coupon_id = policy_choice(view->windows, view->count, clock_wall_ms())->coupon_id;
        issue_wanted(exchange, &chosen, style);
        return;
    case POLICY_ABSENT:
        http_exchange_problem(exchange, 404, "UNKNOWN_COUPON", "There is no policy with this id.",
                              NULL, NULL);
        return;
    case POLICY_WAIT:
    case POLICY_DOUBTFUL:
        break;
    }
    problem_unavailable(exchange, "The policy can't be read now; the request was not taken in.");
}

static void ready(struct policy_wait *wait, enum policy_answer answer,
                  const struct policy_view *view)
{
    struct issue_policy *waiting = CONTAINER_OF(wait, struct issue_policy, wait);

    http_exchange_on_gone(waiting->exchange, NULL, NULL);
    go_on(waiting->exchange, &waiting->wish, waiting->style, answer, view);
    free(waiting);
}

static void client_gone(void *cookie)
{
    struct issue_policy *waiting = cookie;

    policy_cache_leave(&waiting->wait);
    free(waiting);
}

void issue_policy_wanted(struct http_exchange *exchange, const struct issue_wish *wish,
                         struct issue_style style)
{
    struct io_thread *thread = http_exchange_context(exchange);
    struct policy_view view = {NULL, 0};
    enum policy_answer answer = policy_cache_find(thread->policies, wish->policy_id, &view, NULL);
    struct issue_policy *waiting;

    if (answer != POLICY_WAIT) {
        go_on(exchange, wish, style, answer, &view);
        return;
    }
    waiting = calloc(1, sizeof *waiting);
    CHECK(waiting, "out of memory");
    *waiting = (struct issue_policy){
        .exchange = exchange,
        .wish = *wish,
        .style = style,
        .wait.ready = ready,
    };
    http_exchange_on_gone(exchange, client_gone, waiting);
    answer = policy_cache_find(thread->policies, wish->policy_id, &view, &waiting->wait);
    CHECK(answer == POLICY_WAIT, "policy answer %d", (int)answer);
}
