#include "api-gateway/spool_mode.h"

#include <stddef.h>

#include "common/base/check.h"

/* The loops' producers need a moment to connect again after Kafka answers others. */
#define STEADY_US INT64_C(2000000)
#define DWELL_US INT64_C(1000000)
#define HANDOVER_MAX_US INT64_C(1000000)
#define CAUGHT_UP_US INT64_C(1000000)
#define JOIN_US INT64_C(3000000)

static void enter(struct spool_mode *mode, enum spool_state state, int64_t now_us)
{
    mode->state = state;
    mode->since_us = now_us;
}

void spool_mode_init(struct spool_mode *mode, bool rows_left, int64_t now_us)
{
    *mode = (struct spool_mode){
        .state = rows_left ? SPOOL_RELAYING : SPOOL_DIRECT,
        .since_us = now_us,
        .answering_since_us = -1,
    };
}

const char *spool_state_name(enum spool_state state)
{
    static const char *const names[] = {
        [SPOOL_DIRECT] = "direct",
        [SPOOL_SPOOLING] = "spooling",
        [SPOOL_RELAYING] = "relaying",
        [SPOOL_HANDOVER] = "handover",
    };

    return names[state];
}

void spool_mode_failed(struct spool_mode *mode, int64_t now_us)
{
    if (mode->state != SPOOL_DIRECT)
        return;
    mode->answering_since_us = -1;
    enter(mode, SPOOL_SPOOLING, now_us);
}

void spool_mode_probed(struct spool_mode *mode, bool answers, int64_t now_us)
{
    if (!answers) {
        mode->answering_since_us = -1;
        if (mode->state == SPOOL_RELAYING || mode->state == SPOOL_HANDOVER)
            enter(mode, SPOOL_SPOOLING, now_us);
        return;
    }
    if (mode->answering_since_us < 0)
        mode->answering_since_us = now_us;
    if (mode->state == SPOOL_SPOOLING && now_us - mode->answering_since_us >= STEADY_US)
        enter(mode, SPOOL_RELAYING, now_us);
}

bool spool_mode_write_begins(struct spool_mode *mode)
{
    if (mode->state != SPOOL_SPOOLING && mode->state != SPOOL_RELAYING)
        return false;
    mode->writes++;
    return true;
}

void spool_mode_write_ended(struct spool_mode *mode, bool committed)
{
    CHECK(mode->writes > 0, "a write ended that never began");
    mode->writes--;
    mode->written |= committed;
}

bool spool_mode_quiet(const struct spool_mode *mode)
{
    return mode->state == SPOOL_HANDOVER && mode->writes == 0;
}

static bool caught_up(const struct spool_mode *mode, const struct spool_look *look)
{
    return look ? look->oldest_us < CAUGHT_UP_US : !mode->written;
}

void spool_mode_looked(struct spool_mode *mode, const struct spool_look *look, bool quiet,
                       int64_t now_us)
{
    if (quiet && look)
        mode->written = look->own;
    switch (mode->state) {
    case SPOOL_DIRECT:
        if (look && look->oldest_us > JOIN_US)
            enter(mode, SPOOL_RELAYING, now_us);
        break;
    case SPOOL_SPOOLING:
        break;
    case SPOOL_RELAYING:
        if (mode->answering_since_us >= 0 && now_us - mode->since_us >= DWELL_US &&
            caught_up(mode, look))
            enter(mode, SPOOL_HANDOVER, now_us);
        break;
    case SPOOL_HANDOVER:
        if (quiet && !mode->written && caught_up(mode, look))
            enter(mode, SPOOL_DIRECT, now_us);
        else if (now_us - mode->since_us >= HANDOVER_MAX_US)
            enter(mode, SPOOL_RELAYING, now_us);
        break;
    }
}
