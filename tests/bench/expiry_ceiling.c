/* The ceiling that expiry-batch is held against: one plain UPDATE in chunks of the same size, over
 * one connection. Where each chunk begins and ends is known before the clock starts, so it neither
 * looks for what is due nor checks what it changed. With events, each chunk's events are in the
 * same transaction, as an INSERT that is ready too: they are part of the work that is asked for,
 * not of what finding out costs.
 *
 *   expiry_ceiling PORT USER PASSWORD DATABASE events|plain CHUNK
 *
 * All rows that are due are there already. Prints "rows N seconds S". Exit: 0, 1 MySQL said no, 64
 * usage. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <mysql.h>

#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/mysql/outbox_table.h"

#define DUE "status='ISSUED' AND expires_at<=UTC_TIMESTAMP(3)"

/* One transaction. */
struct chunk {
    struct strbuf update;
    struct strbuf events;
    size_t rows;
};

static void execute(MYSQL *mysql, const char *text, size_t len)
{
    if (mysql_real_query(mysql, text, (unsigned long)len) == 0)
        return;
    fprintf(stderr, "expiry_ceiling: %s: %.60s\n", mysql_error(mysql), text);
    exit(1);
}

static void execute_text(MYSQL *mysql, const char *text)
{
    execute(mysql, text, strlen(text));
}

static MYSQL *connect_to(char **argv)
{
    MYSQL *mysql = mysql_init(NULL);

    if (!mysql_real_connect(mysql, "127.0.0.1", argv[2], argv[3], argv[4],
                            (unsigned int)strtoul(argv[1], NULL, 10), NULL, 0)) {
        fprintf(stderr, "expiry_ceiling: %s\n", mysql_error(mysql));
        exit(1);
    }
    execute_text(mysql, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");
    execute_text(mysql,
                 "SET time_zone='+00:00', sql_mode='STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'");
    return mysql;
}

static void add_event(struct chunk *chunk, MYSQL_ROW row, int64_t now_ms)
{
    const struct coupon_event event = {
        .type = COUPON_EVENT_EXPIRED,
        .coupon_id = strtoull(row[0], NULL, 10),
        .issue_no = (uint32_t)strtoul(row[1], NULL, 10),
        .user_id = strtoull(row[2], NULL, 10),
        .change_no = (uint32_t)strtoul(row[3], NULL, 10) + 1,
        .occurred_at_ms = now_ms,
    };

    outbox_statement_add(&chunk->events, &event);
}

/* From the row after the last chunk's last one to this one's last. */
static void close_chunk(struct chunk *chunk, const char *from, MYSQL_ROW last)
{
    strbuf_addf(&chunk->update,
                "UPDATE user_coupon SET status='EXPIRED',change_no=change_no+1 WHERE " DUE
                " AND expires_at>='%s' AND expires_at<='%s' ORDER BY expires_at,coupon_id,issue_no "
                "LIMIT %zu",
                from, last[4], chunk->rows);
}

/* Returns how many chunks there are; *rows how many rows. */
static size_t prepare(MYSQL *mysql, bool events, size_t chunk_rows, struct chunk **chunks,
                      size_t *rows)
{
    int64_t now_ms = clock_wall_ms();
    char from[32] = "0001-01-01";
    size_t count = 0;
    MYSQL_RES *due;

    execute_text(mysql, "SELECT coupon_id,issue_no,user_id,change_no,expires_at FROM user_coupon "
                        "WHERE " DUE " ORDER BY expires_at,coupon_id,issue_no");
    due = mysql_store_result(mysql);
    CHECK(due, "no rows came back");
    *rows = mysql_num_rows(due);
    *chunks = calloc(*rows / chunk_rows + 1, sizeof **chunks);
    CHECK(*chunks, "out of memory");
    for (size_t i = 0; i < *rows; i++) {
        struct chunk *chunk = &(*chunks)[count];
        MYSQL_ROW row = mysql_fetch_row(due);

        if (events && chunk->rows == 0)
            outbox_statement_begin(&chunk->events);
        if (events)
            add_event(chunk, row, now_ms);
        if (++chunk->rows < chunk_rows && i + 1 < *rows)
            continue;
        close_chunk(chunk, from, row);
        snprintf(from, sizeof from, "%s", row[4]);
        count++;
    }
    mysql_free_result(due);
    return count;
}

static void run(MYSQL *mysql, const struct chunk *chunk)
{
    execute_text(mysql, "START TRANSACTION");
    execute(mysql, chunk->update.data, chunk->update.len);
    CHECK(mysql_affected_rows(mysql) == chunk->rows, "%" PRIu64 " changed of %zu",
          (uint64_t)mysql_affected_rows(mysql), chunk->rows);
    if (chunk->events.len > 0)
        execute(mysql, chunk->events.data, chunk->events.len);
    execute_text(mysql, "COMMIT");
}

int main(int argc, char **argv)
{
    struct chunk *chunks;
    size_t count, rows;
    int64_t began_us;
    MYSQL *mysql;

    if (argc != 7) {
        fprintf(stderr, "usage: expiry_ceiling PORT USER PASSWORD DATABASE events|plain CHUNK\n");
        return 64;
    }
    mysql = connect_to(argv);
    count =
        prepare(mysql, strcmp(argv[5], "events") == 0, strtoul(argv[6], NULL, 10), &chunks, &rows);
    began_us = clock_monotonic_us();
    for (size_t i = 0; i < count; i++)
        run(mysql, &chunks[i]);
    printf("rows %zu seconds %.6f\n", rows, (double)(clock_monotonic_us() - began_us) / 1e6);
    mysql_close(mysql);
    return 0;
}
