#include "common/base/descriptor_budget.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#include "common/base/check.h"
#include "common/base/log.h"

#define ASIDE_MIN 4
#define ASIDE_MAX 512

/* With fewer a listener serves nobody well. */
#define CLIENTS_MIN 8

static size_t lesser(size_t a, size_t b)
{
    return a < b ? a : b;
}

bool descriptor_budget_divide(size_t limit, const struct descriptor_demand *demand,
                              struct descriptor_budget *budget, size_t *needed)
{
    size_t least = lesser(demand->clients, CLIENTS_MIN);
    size_t aside = lesser(limit / 16, ASIDE_MAX);

    if (aside < ASIDE_MIN)
        aside = ASIDE_MIN;
    *needed = demand->own + ASIDE_MIN + demand->listeners * least;
    if (limit < *needed)
        return false;
    if (aside > limit - demand->own - demand->listeners * least)
        aside = limit - demand->own - demand->listeners * least;
    budget->management = lesser(aside / 2, demand->management);
    budget->clients = demand->clients;
    if (demand->listeners > 0)
        budget->clients =
            lesser((limit - demand->own - aside) / demand->listeners, demand->clients);
    return true;
}

static size_t raise_limit(void)
{
    struct rlimit limit;
    int result = getrlimit(RLIMIT_NOFILE, &limit);

    CHECK(result == 0, "getrlimit: %s", strerror(errno));
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        getrlimit(RLIMIT_NOFILE, &limit);
    return (size_t)limit.rlim_cur;
}

bool descriptor_budget_take(const struct descriptor_demand *demand,
                            struct descriptor_budget *budget)
{
    size_t limit = raise_limit();
    size_t needed;

    if (!descriptor_budget_divide(limit, demand, budget, &needed)) {
        log_error("too_few_descriptors",
                  "the process may have %zu files open and needs %zu: raise the limit (ulimit -n, "
                  "LimitNOFILE=)",
                  limit, needed);
        return false;
    }
    if (budget->clients < demand->clients)
        log_warn("fewer_connections",
                 "the process may have %zu files open: %zu connections a listener, not %zu; raise "
                 "the limit (ulimit -n, LimitNOFILE=) or lower --max-connections",
                 limit, budget->clients, demand->clients);
    return true;
}
