#include "issue-worker/relay/relay_pace.h"

#define SHORTEST_US 5000
#define TRANSIENT_US 50000
#define OUTAGE_US 250000
#define DOUBLINGS_MAX 4
#define OUTAGE_MAX_US 5000000

int64_t relay_pace_published(struct relay_pace *pace, bool more)
{
    pace->outages = 0;
    pace->idle_us = SHORTEST_US;
    return more ? 0 : SHORTEST_US;
}

int64_t relay_pace_idle(struct relay_pace *pace, int64_t max_us)
{
    pace->outages = 0;
    pace->idle_us = pace->idle_us < SHORTEST_US ? SHORTEST_US : 2 * pace->idle_us;
    if (pace->idle_us > max_us)
        pace->idle_us = max_us;
    return pace->idle_us;
}

int64_t relay_pace_failed(struct relay_pace *pace, enum failure_class class, uint32_t random)
{
    int64_t longest_us = TRANSIENT_US;

    if (class != FAILURE_TRANSIENT) {
        longest_us = (int64_t)OUTAGE_US << pace->outages;
        pace->outages += pace->outages <= DOUBLINGS_MAX;
    }
    if (longest_us > OUTAGE_MAX_US)
        longest_us = OUTAGE_MAX_US;
    return longest_us / 2 + random % (longest_us / 2 + 1);
}
