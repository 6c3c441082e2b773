/* The ceiling that the worker is held against: the rows that it would write, as multi-row SQL that
 * is ready before the clock starts, over one connection: BEGIN, rows, events, counts, fence,
 * COMMIT. It reads nothing, decides nothing and asks nobody.
 *
 *   sql_ceiling PORT USER PASSWORD DATABASE issued|sold-out COUPON RECORDS BATCH
 *
 * The coupon is there already. Prints "records N seconds S". Exit: 0, 1 MySQL said no, 64 usage. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <mysql.h>

#include "common/base/timestamp.h"
#include "common/mysql/outbox_table.h"
#include "tests/bench/bench_requests.h"

#define TOPIC "sql-ceiling"
#define VALID_MS (INT64_C(30) * 86400 * 1000)
#define STATEMENTS 7

/* One transaction. */
struct batch {
    struct strbuf statements[STATEMENTS];
};

static void execute(MYSQL *mysql, const char *text, size_t len)
{
    if (mysql_real_query(mysql, text, (unsigned long)len) == 0)
        return;
    fprintf(stderr, "sql_ceiling: %s: %.60s\n", mysql_error(mysql), text);
    exit(1);
}

static MYSQL *connect_to(char **argv)
{
    static const char *const start[] = {
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
        "SET time_zone='+00:00', sql_mode='STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'",
        "INSERT INTO consumer_fence VALUES ('" TOPIC "',0,0,UTC_TIMESTAMP(3))",
    };
    MYSQL *mysql = mysql_init(NULL);

    if (!mysql_real_connect(mysql, "127.0.0.1", argv[2], argv[3], argv[4],
                            (unsigned int)strtoul(argv[1], NULL, 10), NULL, 0)) {
        fprintf(stderr, "sql_ceiling: %s\n", mysql_error(mysql));
        exit(1);
    }
    for (size_t i = 0; i < sizeof start / sizeof start[0]; i++)
        execute(mysql, start[i], strlen(start[i]));
    return mysql;
}

static void add_rows(struct batch *batch, struct bench_requests *requests, bool issued, size_t rows)
{
    struct strbuf *coupons = &batch->statements[1];
    struct strbuf *results = &batch->statements[2];
    char now[TIMESTAMP_SIZE];
    char accepted[TIMESTAMP_SIZE];
    char expires[TIMESTAMP_SIZE];
    char number[24] = "NULL";

    timestamp_format_sql(clock_wall_ms(), now);
    timestamp_format_sql(clock_wall_ms() + VALID_MS, expires);
    if (issued)
        strbuf_add_text(coupons, "INSERT INTO user_coupon (coupon_id,issue_no,user_id,user_seq,"
                                 "issued_at,expires_at) VALUES ");
    strbuf_add_text(results, "INSERT INTO coupon_issue_result (request_id,coupon_id,user_id,"
                             "partition_id,record_offset,outcome,issue_no,accepted_at,decided_at) "
                             "VALUES ");
    for (size_t i = 0; i < rows; i++) {
        uint64_t offset = requests->made;
        struct issue_request request;

        bench_requests_next(requests, &request);
        timestamp_format_sql(request.accepted_at_ms, accepted);
        if (issued) {
            snprintf(number, sizeof number, "%llu", (unsigned long long)offset + 1);
            strbuf_addf(coupons, "%s(%llu,%s,%llu,1,'%s','%s')", i ? "," : "",
                        (unsigned long long)request.coupon_id, number,
                        (unsigned long long)request.user_id, now, expires);
        }
        strbuf_addf(results, "%s('%s',%llu,%llu,0,%llu,'%s',%s,'%s','%s')", i ? "," : "",
                    request.request_id, (unsigned long long)request.coupon_id,
                    (unsigned long long)request.user_id, (unsigned long long)offset,
                    issued ? "ISSUED" : "SOLD_OUT", number, accepted, now);
    }
}

/* The same events, as issue_events_statement would write them. */
static void add_events(struct strbuf *outbox, const struct bench_requests *first, size_t rows)
{
    struct bench_requests requests = *first;
    int64_t now_ms = clock_wall_ms();

    outbox_statement_begin(outbox);
    for (size_t i = 0; i < rows; i++) {
        struct coupon_event event = {
            .type = COUPON_EVENT_ISSUED,
            .coupon_id = requests.coupon_id,
            .occurred_at_ms = now_ms,
            .issue_no = (uint32_t)requests.made + 1,
            .change_no = 1,
            .expires_at_ms = now_ms + VALID_MS,
        };
        struct issue_request request;

        bench_requests_next(&requests, &request);
        event.user_id = request.user_id;
        snprintf(event.request_id, sizeof event.request_id, "%s", request.request_id);
        outbox_statement_add(outbox, &event);
    }
}

static void prepare(struct batch *batch, struct bench_requests *requests, bool issued, size_t rows)
{
    strbuf_add_text(&batch->statements[0], "START TRANSACTION");
    if (issued)
        add_events(&batch->statements[3], requests, rows);
    add_rows(batch, requests, issued, rows);
    if (issued)
        strbuf_addf(&batch->statements[4],
                    "UPDATE coupon SET issued_count=%llu WHERE coupon_id=%llu",
                    (unsigned long long)requests->made, (unsigned long long)requests->coupon_id);
    strbuf_addf(&batch->statements[5],
                "UPDATE consumer_fence SET next_offset=%llu,updated_at=UTC_TIMESTAMP(3) WHERE "
                "topic='" TOPIC "' AND partition_id=0",
                (unsigned long long)requests->made);
    strbuf_add_text(&batch->statements[6], "COMMIT");
}

int main(int argc, char **argv)
{
    struct bench_requests requests;
    struct batch *batches;
    size_t records, rows, count;
    bool issued;
    MYSQL *mysql;
    int64_t began_us;

    if (argc != 9) {
        fprintf(stderr, "usage: sql_ceiling PORT USER PASSWORD DATABASE issued|sold-out COUPON "
                        "RECORDS BATCH\n");
        return 64;
    }
    issued = strcmp(argv[5], "issued") == 0;
    records = strtoul(argv[7], NULL, 10);
    rows = strtoul(argv[8], NULL, 10);
    count = records / rows;
    batches = calloc(count, sizeof *batches);
    CHECK(batches, "out of memory");
    bench_requests_start(&requests, strtoul(argv[6], NULL, 10));
    for (size_t i = 0; i < count; i++)
        prepare(&batches[i], &requests, issued, rows);
    mysql = connect_to(argv);
    began_us = clock_monotonic_us();
    for (size_t i = 0; i < count; i++)
        for (size_t s = 0; s < STATEMENTS; s++)
            if (batches[i].statements[s].len > 0)
                execute(mysql, batches[i].statements[s].data, batches[i].statements[s].len);
    printf("records %zu seconds %.6f\n", count * rows,
           (double)(clock_monotonic_us() - began_us) / 1e6);
    mysql_close(mysql);
    return 0;
}
