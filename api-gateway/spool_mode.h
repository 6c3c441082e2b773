#ifndef SPOOL_MODE_H
#define SPOOL_MODE_H

#include <stdbool.h>
#include <stdint.h>

/* Where the requests that a gateway accepts go: straight to Kafka, or through the spool, a table in
 * MySQL. Pure; times are monotonic microseconds given by the caller.
 *
 *     DIRECT ──Kafka fails──► SPOOLING ──answers for 2 s──► RELAYING ──caught up──► HANDOVER
 *       │ ▲                      ▲◄────Kafka does not answer────┴───────────────────────┤ │
 *       │ └──────────────────────┼──────── nothing of ours is left ─────────────────────┘ │
 *       └─ others wait for 3 s ──┼────────────► RELAYING ◄──────── not done in 1 s ───────┘
 *
 * The order of requests rests on three rules. All that is accepted outside DIRECT goes into the
 * spool, which is moved to Kafka in its order. DIRECT comes back only when none of our rows is left
 * and none is being written: so no request overtakes one that was answered here before it came. In
 * HANDOVER requests are neither written nor sent but held, for a second at most; else, under load,
 * there would always be one more row. */
enum spool_state { SPOOL_DIRECT, SPOOL_SPOOLING, SPOOL_RELAYING, SPOOL_HANDOVER };

/* What a look at the spool's tables shows. */
struct spool_look {
    int64_t rows;      /* of all gateways; an upper bound, exact but for numbers never used */
    int64_t oldest_us; /* how long the first row has been there; 0: there is none */
    bool own;          /* some are this gateway's */
    uint32_t holder;   /* the gateway that moves them, */
    bool held;         /* and whether it still has the right to */
};

struct spool_mode {
    enum spool_state state;
    int64_t since_us;           /* of the state */
    int64_t answering_since_us; /* of Kafka; -1: it does not answer */
    bool written;               /* rows of ours are, or may be, in the spool */
    uint32_t writes;            /* under way */
};

/* rows_left: the spool is not empty at the start; what comes now goes behind it. */
void spool_mode_init(struct spool_mode *mode, bool rows_left, int64_t now_us);

/* "spooling", … for logs and metrics. */
const char *spool_state_name(enum spool_state state);

/* A record that was sent in DIRECT was refused, failed, or was not confirmed in time. Outside
 * DIRECT it says nothing: it may be an old one. */
void spool_mode_failed(struct spool_mode *mode, int64_t now_us);

/* Kafka was asked, or records were moved: does it answer? */
void spool_mode_probed(struct spool_mode *mode, bool answers, int64_t now_us);

/* May rows be written now? True counts a write that has to be ended. */
bool spool_mode_write_begins(struct spool_mode *mode);
void spool_mode_write_ended(struct spool_mode *mode, bool committed);

/* No row of ours can come to be in the spool before the state changes, which from here on only
 * spool_mode_probed and spool_mode_looked do. Ask before a look and give the answer to
 * spool_mode_looked: only such a look may end the handover. */
bool spool_mode_quiet(const struct spool_mode *mode);

/* look NULL: MySQL did not answer. Then a gateway that has no row in the spool does without it. */
void spool_mode_looked(struct spool_mode *mode, const struct spool_look *look, bool quiet,
                       int64_t now_us);

#endif
