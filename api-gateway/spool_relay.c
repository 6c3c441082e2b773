#include "api-gateway/spool_relay.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "api-gateway/quiet_thread.h"
#include "api-gateway/spool_producer.h"
#include "api-gateway/spool_table.h"
#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"

#define BATCH 1000
#define HOLD_MS 10000
#define PATIENCE_MS 5000 /* less than HOLD_MS: who is stuck lets go by itself */
#define PROBE_MS 1000
#define PROBE_EVERY_US 500000
#define ANSWER_TIMEOUT_S 5

#define REST_IDLE_US 1000000
#define REST_AWAY_US 250000
#define REST_BUSY_US 20000

struct spool_relay {
    const struct kafka_options *kafka;
    struct sql_options sql;
    const struct topic_watch *topic;
    struct spool *spool;
    struct sql_session *session;     /* NULL: not connected */
    struct spool_producer *producer; /* NULL: none needed yet, or the last one was given up */
    struct spool_look look;
    bool looked;   /* look is of this turn */
    bool answers;  /* what Kafka did when it was last asked */
    bool sql_down; /* told in the log */
    int64_t probe_us;
    struct spool_row rows[BATCH];
    bool delivered[BATCH];
    pthread_t thread;
    pthread_mutex_t lock; /* with wake, for resting alone */
    pthread_cond_t wake;
    atomic_bool stopping;
};

/* MySQL did not do what was asked for: false, and the connection is gone where it is of no more
 * use. */
static bool sql_ok(struct spool_relay *relay, enum sql_class class, const struct sql_fault *fault)
{
    if (class == SQL_OK) {
        relay->sql_down = false;
        return true;
    }
    if (!relay->sql_down || class != SQL_OUTAGE)
        log_warn("spool_unreadable", "error %u: %s", fault->code, fault->text);
    relay->sql_down = true;
    sql_session_close(relay->session);
    relay->session = NULL;
    return false;
}

static bool connected(struct spool_relay *relay)
{
    struct sql_fault fault;

    if (!relay->session)
        relay->session = sql_session_open(&relay->sql, &fault);
    return relay->session || sql_ok(relay, SQL_OUTAGE, &fault);
}

static void look(struct spool_relay *relay)
{
    int64_t began_us = clock_monotonic_us();
    bool quiet = spool_look_begins(relay->spool);
    struct sql_fault fault;

    relay->looked =
        connected(relay) &&
        sql_ok(relay,
               spool_table_look(relay->session, spool_instance(relay->spool), &relay->look, &fault),
               &fault);
    spool_looked(relay->spool, relay->looked ? &relay->look : NULL, quiet, began_us);
}

static bool open_producer(struct spool_relay *relay)
{
    char error[512];

    if (relay->producer)
        return true;
    relay->producer = spool_producer_new(relay->kafka, error, sizeof error);
    if (!relay->producer)
        log_error("spool_producer_failed", "%s", error);
    return relay->producer;
}

static void tell_probe(struct spool_relay *relay, bool answers)
{
    relay->answers = answers;
    relay->probe_us = clock_monotonic_us();
    spool_probed(relay->spool, answers);
}

static void probe(struct spool_relay *relay)
{
    if (clock_monotonic_us() - relay->probe_us < PROBE_EVERY_US)
        return;
    tell_probe(relay, open_producer(relay) &&
                          spool_producer_reaches(relay->producer,
                                                 topic_watch_partitions(relay->topic), PROBE_MS));
}

static bool may_hold(const struct spool_relay *relay)
{
    return !relay->look.held || relay->look.holder == spool_instance(relay->spool);
}

static bool hold(struct spool_relay *relay)
{
    uint32_t instance = spool_instance(relay->spool);
    struct sql_fault fault;

    if (!sql_ok(relay, spool_table_hold(relay->session, instance, HOLD_MS, &fault), &fault))
        return false;
    if (relay->look.holder != instance)
        log_info("spool_relay_taken",
                 "this gateway moves the requests in MySQL to Kafka from now "
                 "on; the last to do so was instance %" PRIu32,
                 relay->look.holder);
    relay->look.holder = instance;
    relay->look.held = true;
    return true;
}

static void let_go(struct spool_relay *relay)
{
    struct sql_fault fault;

    if (relay->session && relay->look.held && relay->look.holder == spool_instance(relay->spool))
        sql_ok(relay, spool_table_release(relay->session, spool_instance(relay->spool), &fault),
               &fault);
    relay->look.held = false;
}

/* Remove what is in the log. */
static void remove_delivered(struct spool_relay *relay, size_t count)
{
    uint64_t seqs[BATCH];
    size_t removed = 0;
    struct sql_fault fault;

    for (size_t i = 0; i < count; i++)
        if (relay->delivered[i])
            seqs[removed++] = relay->rows[i].seq;
    FAILPOINT("spool_before_remove");
    if (removed > 0 &&
        sql_ok(relay, spool_table_remove(relay->session, seqs, removed, &fault), &fault))
        spool_moved(relay->spool, removed);
}

/* Move the first rows. True: there may be more. */
static bool move(struct spool_relay *relay)
{
    int32_t partitions = topic_watch_partitions(relay->topic);
    size_t count = 0;
    struct sql_fault fault;

    if (partitions == 0 || !hold(relay) ||
        !sql_ok(relay,
                spool_table_read(relay->session, spool_instance(relay->spool), relay->rows, BATCH,
                                 &count, &fault),
                &fault) ||
        count == 0)
        return false;
    FAILPOINT("spool_before_send");
    if (spool_producer_send(relay->producer, relay->rows, count, partitions, relay->delivered,
                            PATIENCE_MS, &relay->stopping)) {
        tell_probe(relay, true);
        remove_delivered(relay, count);
        return count == BATCH;
    }
    /* A producer that left something out would not keep the order. */
    spool_producer_free(relay->producer);
    relay->producer = NULL;
    remove_delivered(relay, count);
    tell_probe(relay, false);
    return false;
}

static void rest(struct spool_relay *relay, int64_t duration_us)
{
    int64_t until_us = clock_monotonic_us() + duration_us;
    struct timespec until = {until_us / 1000000, (until_us % 1000000) * 1000};
    int error = 0;

    pthread_mutex_lock(&relay->lock);
    while (!atomic_load(&relay->stopping) && error == 0)
        error = pthread_cond_clockwait(&relay->wake, &relay->lock, CLOCK_MONOTONIC, &until);
    pthread_mutex_unlock(&relay->lock);
}

static int64_t rest_us(const struct spool_relay *relay)
{
    enum spool_state state = spool_state(relay->spool);
    bool rows = relay->looked && relay->look.rows > 0;

    if (state == SPOOL_DIRECT && !rows)
        return REST_IDLE_US;
    return relay->answers && relay->looked ? REST_BUSY_US : REST_AWAY_US;
}

static void *relay_thread(void *cookie)
{
    struct spool_relay *relay = cookie;
    bool more;

    while (!atomic_load(&relay->stopping)) {
        more = false;
        look(relay);
        if (spool_state(relay->spool) != SPOOL_DIRECT || (relay->looked && relay->look.rows > 0))
            probe(relay);
        if (!relay->answers)
            let_go(relay);
        else if (relay->looked && relay->look.rows > 0 && may_hold(relay))
            more = move(relay);
        if (!more)
            rest(relay, rest_us(relay));
    }
    let_go(relay);
    spool_producer_free(relay->producer);
    sql_session_close(relay->session);
    sql_thread_stop();
    return NULL;
}

struct spool_relay *spool_relay_start(const struct gateway_config *config,
                                      const struct topic_watch *topic, struct spool *spool)
{
    struct spool_relay *relay = calloc(1, sizeof *relay);

    CHECK(relay, "out of memory");
    relay->kafka = &config->kafka;
    relay->sql = config->sql;
    if (relay->sql.answer_timeout_s > ANSWER_TIMEOUT_S)
        relay->sql.answer_timeout_s = ANSWER_TIMEOUT_S;
    relay->topic = topic;
    relay->spool = spool;
    pthread_mutex_init(&relay->lock, NULL);
    pthread_cond_init(&relay->wake, NULL);
    quiet_thread_start(&relay->thread, relay_thread, relay);
    return relay;
}

void spool_relay_stop(struct spool_relay *relay)
{
    if (!relay)
        return;
    pthread_mutex_lock(&relay->lock);
    atomic_store(&relay->stopping, true);
    pthread_cond_signal(&relay->wake);
    pthread_mutex_unlock(&relay->lock);
    pthread_join(relay->thread, NULL);
    pthread_cond_destroy(&relay->wake);
    pthread_mutex_destroy(&relay->lock);
    free(relay);
}
