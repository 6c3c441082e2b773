#include "api-gateway/spool_table.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/check.h"

struct range {
    int64_t first, last; /* -1: no row */
};

static int64_t rows_in(const struct range *range)
{
    return range->first < 0 ? 0 : range->last - range->first + 1;
}

static void read_range(void *cookie, char **values, const unsigned long *lengths)
{
    struct range *range = cookie;

    (void)lengths;
    range->first = sql_read_number(values[0], -1);
    range->last = sql_read_number(values[1], -1);
}

/* Nothing in it needs an escape: traceparent_read let it in. */
static void add_trace(struct strbuf *statement, const char *traceparent)
{
    char read[TRACEPARENT_SIZE];

    if (!traceparent[0]) {
        strbuf_add_text(statement, "NULL");
        return;
    }
    CHECK(traceparent_read(traceparent, strlen(traceparent), read), "traceparent %s", traceparent);
    strbuf_addf(statement, "'%s'", read);
}

static void add_rows(struct strbuf *statement, uint32_t origin,
                     const struct issue_request *const *requests, size_t count)
{
    strbuf_add_text(statement, "INSERT INTO issue_spool (origin,request_id,coupon_id,user_id,"
                               "accepted_at,spooled_at,traceparent) VALUES ");
    for (size_t i = 0; i < count; i++) {
        CHECK(request_id_valid(requests[i]->request_id, strlen(requests[i]->request_id)),
              "requestId %s", requests[i]->request_id);
        strbuf_addf(statement, "%s(%" PRIu32 ",'%s',%" PRIu64 ",%" PRIu64 ",", i ? "," : "", origin,
                    requests[i]->request_id, requests[i]->coupon_id, requests[i]->user_id);
        sql_add_time(statement, requests[i]->accepted_at_ms);
        strbuf_add_text(statement, ",UTC_TIMESTAMP(3),");
        add_trace(statement, requests[i]->traceparent);
        strbuf_add_text(statement, ")");
    }
}

enum sql_class spool_table_insert(struct sql_session *session, uint32_t origin, int64_t max_rows,
                                  const struct issue_request *const *requests, size_t count,
                                  struct spool_insert *insert, struct sql_fault *fault)
{
    static const char question[] = "SELECT MIN(seq),MAX(seq) FROM issue_spool";
    struct strbuf statement = STRBUF_INIT;
    struct range range = {-1, -1};
    enum sql_class class;
    int64_t room;

    *insert = (struct spool_insert){.fitting = 0};
    class = sql_session_query(session, question, strlen(question), read_range, &range, fault);
    room = max_rows - rows_in(&range);
    if (class != SQL_OK || room <= 0)
        return class;
    insert->fitting = (int64_t)count < room ? count : (size_t)room;
    insert->sent = true;
    add_rows(&statement, origin, requests, insert->fitting);
    class = sql_session_execute(session, statement.data, statement.len, fault);
    strbuf_free(&statement);
    return class;
}

static void read_look(void *cookie, char **values, const unsigned long *lengths)
{
    struct spool_look *look = cookie;
    struct range range;

    read_range(&range, values, lengths);
    look->rows = rows_in(&range);
    look->oldest_us = sql_read_number(values[2], 0);
    if (look->rows > 0 && look->oldest_us < 1)
        look->oldest_us = 1;
    look->own = sql_read_number(values[3], 0) != 0;
    look->holder = (uint32_t)sql_read_number(values[4], 0);
    look->held = sql_read_number(values[5], 0) != 0;
}

enum sql_class spool_table_look(struct sql_session *session, uint32_t origin,
                                struct spool_look *look, struct sql_fault *fault)
{
    struct strbuf statement = STRBUF_INIT;
    enum sql_class class;

    memset(look, 0, sizeof *look);
    strbuf_addf(&statement,
                "SELECT (SELECT MIN(seq) FROM issue_spool),(SELECT MAX(seq) FROM issue_spool),"
                "(SELECT TIMESTAMPDIFF(MICROSECOND,spooled_at,UTC_TIMESTAMP(3)) FROM issue_spool "
                "ORDER BY seq LIMIT 1),EXISTS(SELECT 1 FROM issue_spool WHERE origin=%" PRIu32 "),"
                "r.holder,r.expires_at>UTC_TIMESTAMP(3) FROM (SELECT 1) one "
                "LEFT JOIN issue_spool_relay r ON r.id=1",
                origin);
    class = sql_session_query(session, statement.data, statement.len, read_look, look, fault);
    strbuf_free(&statement);
    return class;
}

enum sql_class spool_table_hold(struct sql_session *session, uint32_t origin, int64_t hold_ms,
                                struct sql_fault *fault)
{
    struct strbuf statement = STRBUF_INIT;
    enum sql_class class;

    /* Assigned from left to right: taken_at sees the holder before. */
    strbuf_addf(&statement,
                "UPDATE issue_spool_relay SET "
                "taken_at=IF(holder=%" PRIu32 ",taken_at,UTC_TIMESTAMP(3)),holder=%" PRIu32 ","
                "expires_at=UTC_TIMESTAMP(3)+INTERVAL %" PRId64 " MICROSECOND "
                "WHERE id=1 AND (holder=%" PRIu32 " OR expires_at<=UTC_TIMESTAMP(3))",
                origin, origin, 1000 * hold_ms, origin);
    class = sql_session_execute(session, statement.data, statement.len, fault);
    strbuf_free(&statement);
    return class;
}

enum sql_class spool_table_release(struct sql_session *session, uint32_t origin,
                                   struct sql_fault *fault)
{
    struct strbuf statement = STRBUF_INIT;
    enum sql_class class;

    strbuf_addf(&statement,
                "UPDATE issue_spool_relay SET expires_at=UTC_TIMESTAMP(3) WHERE id=1 AND "
                "holder=%" PRIu32,
                origin);
    class = sql_session_execute(session, statement.data, statement.len, fault);
    strbuf_free(&statement);
    return class;
}

struct reading {
    struct spool_row *rows;
    size_t max, count;
};

static void read_row(void *cookie, char **values, const unsigned long *lengths)
{
    struct reading *reading = cookie;
    struct spool_row *row = &reading->rows[reading->count++];

    CHECK(reading->count <= reading->max && lengths[1] <= REQUEST_ID_MAX,
          "an answer that was not asked for");
    memset(row, 0, sizeof *row);
    row->seq = (uint64_t)sql_read_number(values[0], 0);
    memcpy(row->request.request_id, values[1], lengths[1]);
    row->request.coupon_id = (uint64_t)sql_read_number(values[2], 0);
    row->request.user_id = (uint64_t)sql_read_number(values[3], 0);
    row->request.accepted_at_ms = sql_read_time(values[4], lengths[4], 0);
    if (values[5])
        traceparent_read(values[5], lengths[5], row->request.traceparent);
}

enum sql_class spool_table_read(struct sql_session *session, uint32_t origin,
                                struct spool_row *rows, size_t max, size_t *count,
                                struct sql_fault *fault)
{
    struct reading reading = {.rows = rows, .max = max};
    struct strbuf statement = STRBUF_INIT;
    enum sql_class class;

    strbuf_addf(&statement,
                "SELECT s.seq,s.request_id,s.coupon_id,s.user_id,s.accepted_at,s.traceparent "
                "FROM issue_spool_relay r JOIN issue_spool s "
                "WHERE r.id=1 AND r.holder=%" PRIu32 " AND r.expires_at>UTC_TIMESTAMP(3) "
                "ORDER BY s.seq LIMIT %zu",
                origin, max);
    class = sql_session_query(session, statement.data, statement.len, read_row, &reading, fault);
    *count = class == SQL_OK ? reading.count : 0;
    strbuf_free(&statement);
    return class;
}

enum sql_class spool_table_remove(struct sql_session *session, const uint64_t *seqs, size_t count,
                                  struct sql_fault *fault)
{
    struct strbuf statement = STRBUF_INIT;
    enum sql_class class;

    strbuf_add_text(&statement, "DELETE FROM issue_spool WHERE seq IN (");
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            strbuf_add(&statement, ",", 1);
        strbuf_add_u64(&statement, seqs[i]);
    }
    strbuf_add(&statement, ")", 1);
    class = sql_session_execute(session, statement.data, statement.len, fault);
    strbuf_free(&statement);
    return class;
}
