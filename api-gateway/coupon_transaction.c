#include "api-gateway/coupon_transaction.h"

#include <inttypes.h>
#include <string.h>

#include "common/kafka/kafka_partition.h"
#include "common/mysql/sql_transaction.h"

enum sql_class coupon_transaction_execute(struct coupon_transaction *transaction)
{
    return sql_session_execute(transaction->session, transaction->text.data, transaction->text.len,
                               transaction->fault);
}

struct run {
    struct coupon_transaction *transaction;
    enum sql_class (*body)(struct coupon_transaction *transaction);
};

static enum sql_class run_body(void *cookie, struct sql_session *session, struct sql_fault *fault)
{
    const struct run *run = cookie;

    (void)session;
    (void)fault;
    return run->body(run->transaction);
}

enum sql_class
coupon_transaction_run(struct coupon_transaction *transaction,
                       enum sql_class (*body)(struct coupon_transaction *transaction))
{
    struct run run = {transaction, body};
    enum sql_class class =
        sql_transaction_run(transaction->session, run_body, &run, transaction->fault);

    strbuf_free(&transaction->text);
    return class;
}

static void add_fences(struct coupon_transaction *transaction, const char *columns)
{
    const char *topic = transaction->log->topic;

    strbuf_clear(&transaction->text);
    strbuf_addf(&transaction->text, "SELECT %s FROM consumer_fence WHERE topic=", columns);
    sql_add_text(transaction->session, &transaction->text, topic, strlen(topic));
    strbuf_add_text(&transaction->text, " ORDER BY partition_id");
}

static void ignore_row(void *cookie, char **values, const unsigned long *lengths)
{
    (void)cookie;
    (void)values;
    (void)lengths;
}

/* Shared locks are enough, and want no right to change the table. */
enum sql_class coupon_transaction_between_batches(struct coupon_transaction *transaction)
{
    add_fences(transaction, "partition_id");
    strbuf_add_text(&transaction->text, " LOCK IN SHARE MODE");
    return sql_session_query(transaction->session, transaction->text.data, transaction->text.len,
                             ignore_row, NULL, transaction->fault);
}

/* The fences being read. */
struct places {
    int32_t partitions;
    int32_t own; /* the coupon's partition */
    int64_t own_offset;
    int32_t next;       /* the partition that list lacks next */
    struct strbuf list; /* "0,17,4711" */
};

static void add_place(struct places *places, int64_t offset)
{
    strbuf_addf(&places->list, "%s%" PRId64, places->next > 0 ? "," : "", offset);
    places->next++;
}

static void read_place(void *cookie, char **values, const unsigned long *lengths)
{
    struct places *places = cookie;
    int64_t partition = sql_read_number(values[0], -1);
    int64_t offset = sql_read_number(values[1], 0);

    (void)lengths;
    while (places->next < partition)
        add_place(places, 0);
    add_place(places, offset);
    if (partition == places->own)
        places->own_offset = offset;
}

static void read_partitions(void *cookie, char **values, const unsigned long *lengths)
{
    (void)lengths;
    *(int32_t *)cookie = (int32_t)sql_read_number(values[0], 0);
}

/* How many partitions requests are spread over: as Kafka says, or while it can't be asked, as the
 * first gateway wrote down. */
static enum sql_class find_partitions(struct coupon_transaction *transaction, int32_t *partitions)
{
    const struct coupon_log *log = transaction->log;

    *partitions = log->partitions;
    if (log->partitions > 0)
        return SQL_OK;
    strbuf_clear(&transaction->text);
    strbuf_add_text(&transaction->text, "SELECT partitions FROM topic_layout WHERE topic=");
    sql_add_text(transaction->session, &transaction->text, log->topic, strlen(log->topic));
    return sql_session_query(transaction->session, transaction->text.data, transaction->text.len,
                             read_partitions, partitions, transaction->fault);
}

/* Append ",topic,partition,next_offset,next_offsets" of this moment. */
static enum sql_class add_places(struct coupon_transaction *transaction, uint64_t coupon_id,
                                 struct strbuf *out)
{
    const struct coupon_log *log = transaction->log;
    struct places places = {.list = STRBUF_INIT};
    enum sql_class class = find_partitions(transaction, &places.partitions);

    if (class != SQL_OK)
        return class;
    if (places.partitions == 0) {
        strbuf_add_text(out, ",NULL,NULL,NULL,NULL");
        return SQL_OK;
    }
    places.own = kafka_partition_of_coupon(coupon_id, places.partitions);
    add_fences(transaction, "partition_id,next_offset");
    class = sql_session_query(transaction->session, transaction->text.data, transaction->text.len,
                              read_place, &places, transaction->fault);
    while (places.next < places.partitions)
        add_place(&places, 0);
    strbuf_add(out, ",", 1);
    sql_add_text(transaction->session, out, log->topic, strlen(log->topic));
    strbuf_addf(out, ",%" PRId32 ",%" PRId64 ",'[%s]'", places.own, places.own_offset,
                places.list.data);
    strbuf_free(&places.list);
    return class;
}

enum sql_class coupon_transaction_audit(struct coupon_transaction *transaction, uint64_t coupon_id,
                                        const char *action, const struct strbuf *old_value,
                                        const struct strbuf *new_value)
{
    struct strbuf *text = &transaction->text;
    struct strbuf places = STRBUF_INIT;
    enum sql_class class = add_places(transaction, coupon_id, &places);

    strbuf_clear(text);
    strbuf_addf(text,
                "INSERT INTO coupon_change (coupon_id,changed_at,changed_by,action,old_value,"
                "new_value,topic,partition_id,next_offset,next_offsets) VALUES (%" PRIu64
                ",UTC_TIMESTAMP(3),",
                coupon_id);
    sql_add_text(transaction->session, text, transaction->log->changed_by,
                 strlen(transaction->log->changed_by));
    strbuf_addf(text, ",'%s',", action);
    if (old_value)
        sql_add_text(transaction->session, text, old_value->data, old_value->len);
    else
        strbuf_add_text(text, "NULL");
    strbuf_add(text, ",", 1);
    sql_add_text(transaction->session, text, new_value->data, new_value->len);
    strbuf_addf(text, "%s)", places.data);
    strbuf_free(&places);
    return class == SQL_OK ? coupon_transaction_execute(transaction) : class;
}
