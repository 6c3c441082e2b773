#ifndef IO_THREAD_H
#define IO_THREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "api-gateway/access_log.h"
#include "api-gateway/auth/token_checker.h"
#include "api-gateway/config.h"
#include "api-gateway/coupon_cache.h"
#include "api-gateway/coupon_list.h"
#include "api-gateway/gateway_metrics.h"
#include "api-gateway/issue_producer.h"
#include "api-gateway/limit/rate_limit.h"
#include "api-gateway/policy_cache.h"
#include "api-gateway/progress.h"
#include "api-gateway/redis_link.h"
#include "api-gateway/result_cache.h"
#include "api-gateway/result_lookup.h"
#include "api-gateway/result_waiters.h"
#include "api-gateway/settle_table.h"
#include "api-gateway/spool.h"
#include "api-gateway/spool_writer.h"
#include "api-gateway/sql_pool.h"
#include "api-gateway/topic_watch.h"
#include "common/base/spares.h"
#include "common/contract/request_id.h"

struct event_base;
struct http_server;
struct issue_accept;
struct issue_spooled;
TAILQ_HEAD(issue_accept_list, issue_accept);
TAILQ_HEAD(issue_spooled_list, issue_spooled);

/* One event loop with all that its handlers use: nothing in it is shared with another loop but the
 * SQL pool, which it talks to through its mailbox, and the spool's mode. Handlers get it as their
 * context. */
struct io_thread {
    const struct gateway_config *config;
    const struct request_id_keys *keys;
    struct request_id_generator generator;
    struct topic_watch *topic;
    struct event_base *base;
    struct http_server *server;
    struct sql_pool *pool;
    struct sql_mailbox *mailbox;
    struct redis_link *redis;
    struct redis_link *feed; /* subscribed to the broadcasts */
    struct issue_producer *producer;
    struct spool *spool; /* of all loops; NULL: --spool=off, and then there is no writer */
    struct spool_writer *spool_writer;
    struct coupon_cache *coupons;
    struct policy_cache *policies;
    struct coupon_list *coupon_list;
    struct result_cache *results;
    struct result_lookup *lookup;
    struct result_waiters *waiters;
    struct progress progress;
    struct settle_table settled;
    struct token_checker *tokens;      /* NULL: --auth=off */
    struct rate_limit *limits;         /* NULL: there are none */
    struct spares spare_accepts;       /* for struct issue_accept */
    struct issue_accept_list accepts;  /* produced, not yet reported; oldest first */
    struct issue_spooled_list spooled; /* on their way into the spool */
    struct gateway_metrics *metrics;
    struct access_log access_log;
    const char *answering; /* the requestId that the answer being sent is about; NULL: none known */
    struct strbuf scratch; /* for building one answer's body */
    struct strbuf fields;  /* and its header lines */
    struct strbuf refusals[ADMISSION_CLOSED + 1];         /* ready bodies of the 409s */
    struct strbuf outcome_refusals[ADMISSION_CLOSED + 1]; /* the same for who wants outcome names */
    int64_t tick_us;                                      /* when the last tick was */
    bool stopping;
    bool fence_asked; /* a question of broadcast_feed is under way */
    int64_t fence_asked_us;

    struct thread_control *control; /* io_thread.c's own */
};

/* What all loops are given; outlives them. */
struct io_thread_parts {
    const struct gateway_config *config;
    const struct request_id_keys *keys;
    struct sql_pool *pool;
    struct topic_watch *topic;
    struct spool *spool;           /* NULL: --spool=off */
    struct token_keyring *keyring; /* NULL: --auth=off */
    uint32_t instance;
};

/* Open loop number index with its listener and start its thread. NULL: logged why. */
struct io_thread *io_thread_start(const struct io_thread_parts *parts, uint32_t index);

/* Begin to stop: no new requests; what is pending is answered. Any thread. */
void io_thread_stop(struct io_thread *thread);

/* Has it ended? Any thread. */
bool io_thread_ended(const struct io_thread *thread);

/* Wait until it has ended; bounded by what is pending and a few seconds. */
void io_thread_join(struct io_thread *thread);

/* Free a joined thread. The pool is stopped by then, not yet freed. */
void io_thread_free(struct io_thread *thread);

#endif
