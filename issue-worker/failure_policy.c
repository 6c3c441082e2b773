#include "issue-worker/failure_policy.h"

#include <sysexits.h>

#include "common/base/check.h"

#define TRANSIENT_MIN_MS 5
#define TRANSIENT_MAX_MS 250
#define OUTAGE_MIN_MS 100
#define OUTAGE_MAX_MS 3000

/* Before each try of a record by itself but the first: 100 ms, growing by half, up to 500 ms. */
static const int record_waits_ms[FAILURE_RECORD_TRIES - 1] = {100, 150, 225, 337, 500};

/* Doubling from min_ms to max_ms; half to the whole of that. */
static int backoff(unsigned int times, int min_ms, int max_ms, uint32_t random)
{
    int wait_ms = min_ms;

    while (times-- > 1 && wait_ms < max_ms)
        wait_ms *= 2;
    if (wait_ms > max_ms)
        wait_ms = max_ms;
    return wait_ms - (int)(random % ((uint32_t)wait_ms / 2 + 1));
}

static struct failure_step wait_for_it(unsigned int times, uint32_t random)
{
    return (struct failure_step){FAILURE_ACTION_WAIT,
                                 backoff(times, OUTAGE_MIN_MS, OUTAGE_MAX_MS, random)};
}

static struct failure_step refused(unsigned int times, size_t records, uint32_t random)
{
    if (records > 1)
        return (struct failure_step){FAILURE_ACTION_BISECT, 0};
    if (times < FAILURE_RECORD_TRIES)
        return (struct failure_step){FAILURE_ACTION_AGAIN, record_waits_ms[times - 1]};
    if (times < FAILURE_RECORD_TRIES + FAILURE_ASIDE_FORMS)
        return (struct failure_step){FAILURE_ACTION_SET_ASIDE, 0};
    /* Where not even the fence may be moved, it is not the record. */
    return wait_for_it(times - FAILURE_RECORD_TRIES - FAILURE_ASIDE_FORMS + 1, random);
}

struct failure_step failure_policy_step(enum failure_class class, unsigned int times,
                                        size_t records, uint32_t random)
{
    CHECK(times > 0 && records > 0, "%u times, %zu records", times, records);
    switch (class) {
    case FAILURE_RECORD:
        return refused(times, records, random);
    case FAILURE_TRANSIENT:
        return (struct failure_step){FAILURE_ACTION_AGAIN,
                                     backoff(times, TRANSIENT_MIN_MS, TRANSIENT_MAX_MS, random)};
    case FAILURE_OUTAGE:
        return wait_for_it(times, random);
    case FAILURE_STOP:
        return (struct failure_step){FAILURE_ACTION_STOP, 0};
    case FAILURE_NONE:
        break;
    }
    CHECK(0, "class %d", (int)class);
}

static const struct {
    int status;
    const char *event;
} stops[] = {
    [FAILURE_STOP_NONE] = {EX_OK, ""},
    [FAILURE_STOP_SCHEMA] = {EX_CONFIG, "schema_misfit"},
    [FAILURE_STOP_OFFSETS] = {EX_SOFTWARE, "fence_outside_log"},
    [FAILURE_STOP_FENCED] = {EX_CONFIG, "fenced_instance"},
    [FAILURE_STOP_CLIENT] = {EX_SOFTWARE, "consumer_fatal"},
};

int failure_stop_status(enum failure_stop stop)
{
    return stops[stop].status;
}

const char *failure_stop_event(enum failure_stop stop)
{
    return stops[stop].event;
}
