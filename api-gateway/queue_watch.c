#include "api-gateway/queue_watch.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "api-gateway/backlog.h"
#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/metrics/metric_label.h"
#include "common/metrics/metrics.h"
#include "common/mysql/sql_session.h"

#define PARTITIONS_MAX 1024
#define ANSWER_TIMEOUT_MS 2000
#define SQL_TIMEOUT_S 5
#define LOG_START (-2) /* ListOffsets' numbers for the log's two ends */
#define LOG_END (-1)

struct queue_partition {
    struct backlog backlog;
    int64_t fence; /* -1: there is none yet */
    struct metric *lag;
    struct metric *age;
};

struct queue_watch {
    rd_kafka_t *client;
    const char *topic;
    struct sql_options sql;
    struct sql_session *session; /* NULL: not connected */
    bool sql_down;               /* told in the log */
    bool fences_known;           /* read once at least */
    struct queue_partition *partitions;
    int32_t count;
};

struct queue_watch *queue_watch_new(rd_kafka_t *client, const char *topic,
                                    const struct sql_options *sql)
{
    struct queue_watch *watch = calloc(1, sizeof *watch);

    CHECK(watch, "out of memory");
    watch->client = client;
    watch->topic = topic;
    watch->sql = *sql;
    if (watch->sql.answer_timeout_s > SQL_TIMEOUT_S)
        watch->sql.answer_timeout_s = SQL_TIMEOUT_S;
    return watch;
}

void queue_watch_free(struct queue_watch *watch)
{
    if (!watch)
        return;
    sql_session_close(watch->session);
    free(watch->partitions);
    free(watch);
}

static void add_partition(struct queue_watch *watch, int32_t number)
{
    struct queue_partition *partition = &watch->partitions[number];
    struct strbuf labels = STRBUF_INIT;
    char text[12];

    *partition = (struct queue_partition){.fence = -1};
    snprintf(text, sizeof text, "%" PRId32, number);
    metric_label_add(&labels, "topic", watch->topic);
    metric_label_add(&labels, "partition", text);
    partition->lag = metric_gauge("coupon_gateway_queue_lag_records",
                                  "Records in Kafka that are not decided.", labels.data);
    partition->age =
        metric_age("coupon_gateway_queue_oldest_age_seconds",
                   "How long the oldest undecided record has waited, at least.", labels.data);
    strbuf_free(&labels);
}

static void grow(struct queue_watch *watch, int32_t count)
{
    if (count > PARTITIONS_MAX)
        count = PARTITIONS_MAX;
    if (count <= watch->count)
        return;
    watch->partitions = reallocarray(watch->partitions, (size_t)count, sizeof *watch->partitions);
    CHECK(watch->partitions, "out of memory");
    while (watch->count < count)
        add_partition(watch, watch->count++);
}

static void read_fence(void *cookie, char **values, const unsigned long *lengths)
{
    struct queue_watch *watch = cookie;
    int64_t number = sql_read_number(values[0], -1);

    (void)lengths;
    if (number >= 0 && number < watch->count)
        watch->partitions[number].fence = sql_read_number(values[1], -1);
}

static void ask_fences(struct queue_watch *watch)
{
    struct strbuf statement = STRBUF_INIT;
    struct sql_fault fault = {.class = SQL_OUTAGE};
    enum sql_class class = SQL_OUTAGE;

    if (!watch->session)
        watch->session = sql_session_open(&watch->sql, &fault);
    if (watch->session) {
        strbuf_add_text(&statement,
                        "SELECT partition_id,next_offset FROM consumer_fence WHERE topic=");
        sql_add_text(watch->session, &statement, watch->topic, strlen(watch->topic));
        class = sql_session_query(watch->session, statement.data, statement.len, read_fence, watch,
                                  &fault);
        strbuf_free(&statement);
    }
    watch->fences_known = watch->fences_known || class == SQL_OK;
    if (class != SQL_OK && !watch->sql_down)
        log_warn("queue_unwatched", "error %u: %s; the fences are taken to be where they were",
                 fault.code, fault.text);
    watch->sql_down = class != SQL_OK;
    if (class == SQL_OK)
        return;
    sql_session_close(watch->session);
    watch->session = NULL;
}

/* Ask for one side of all logs; false: not answered. As a "time", for the same request with a
 * time-out that is kept to. */
static bool ask_logs(const struct queue_watch *watch, rd_kafka_topic_partition_list_t *list,
                     int64_t side)
{
    for (int i = 0; i < list->cnt; i++)
        list->elems[i].offset = side;
    return rd_kafka_offsets_for_times(watch->client, list, ANSWER_TIMEOUT_MS) ==
           RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* A log without a fence is undecided from its start. */
static void place_fences(struct queue_watch *watch, rd_kafka_topic_partition_list_t *list)
{
    bool missing = false;

    for (int32_t i = 0; i < watch->count; i++)
        missing = missing || watch->partitions[i].fence < 0;
    if (!missing || !ask_logs(watch, list, LOG_START))
        return;
    for (int i = 0; i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *place = &list->elems[i];
        struct queue_partition *partition = &watch->partitions[place->partition];

        if (partition->fence < 0 && place->err == RD_KAFKA_RESP_ERR_NO_ERROR && place->offset >= 0)
            partition->fence = place->offset;
    }
}

static void tell(struct queue_watch *watch, const rd_kafka_topic_partition_t *place, int64_t now_ms)
{
    struct queue_partition *partition = &watch->partitions[place->partition];

    if (place->err != RD_KAFKA_RESP_ERR_NO_ERROR || place->offset < 0 || partition->fence < 0)
        return;
    backlog_looked(&partition->backlog, now_ms, place->offset, partition->fence);
    metric_set(partition->lag, partition->backlog.records);
    metric_set(partition->age, backlog_oldest_ms(&partition->backlog));
}

void queue_watch_look(struct queue_watch *watch, int32_t count)
{
    rd_kafka_topic_partition_list_t *list;

    grow(watch, count);
    if (watch->count == 0)
        return;
    ask_fences(watch);
    if (!watch->fences_known)
        return;
    list = rd_kafka_topic_partition_list_new(watch->count);
    for (int32_t i = 0; i < watch->count; i++)
        rd_kafka_topic_partition_list_add(list, watch->topic, i);
    place_fences(watch, list);
    if (ask_logs(watch, list, LOG_END))
        for (int i = 0; i < list->cnt; i++)
            tell(watch, &list->elems[i], clock_wall_ms());
    rd_kafka_topic_partition_list_destroy(list);
}
