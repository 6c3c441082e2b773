#include "api-gateway/limit/rate_bucket.h"

#define SECOND_NS INT64_C(1000000000)

struct rate_policy rate_policy_of(int64_t per_minute, int64_t burst)
{
    return (struct rate_policy){.interval_ns = 60 * SECOND_NS / per_minute, .burst = burst};
}

static int64_t round_up_s(int64_t ns)
{
    return ns > 0 ? (ns + SECOND_NS - 1) / SECOND_NS : 0;
}

struct rate_answer rate_bucket_take(int64_t *full_at_ns, const struct rate_policy *policy,
                                    int64_t now_ns)
{
    int64_t missing_ns = *full_at_ns > now_ns ? *full_at_ns - now_ns : 0;
    int64_t size_ns = policy->burst * policy->interval_ns;
    struct rate_answer answer = {.allowed = missing_ns <= size_ns - policy->interval_ns};

    if (answer.allowed) {
        missing_ns += policy->interval_ns;
        *full_at_ns = now_ns + missing_ns;
    }
    if (missing_ns < size_ns)
        answer.remaining = (size_ns - missing_ns) / policy->interval_ns;
    answer.full_s = round_up_s(missing_ns);
    answer.retry_s = round_up_s(missing_ns - (size_ns - policy->interval_ns));
    return answer;
}
