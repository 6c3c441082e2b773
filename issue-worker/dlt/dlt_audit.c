#include "issue-worker/dlt/dlt_audit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "common/mysql/schema_version.h"
#include "common/mysql/sql_session.h"

#define FAILURE_MAX 255

struct dlt_audit {
    struct sql_session *session;
    const char *topic;
    const char *dead_letter_topic;
    struct strbuf statement;
    struct sql_fault fault;
    char error[400];
};

struct dlt_audit *dlt_audit_open(const struct sql_options *options, const char *topic,
                                 const char *dead_letter_topic, bool *misfit, char *error,
                                 size_t error_size)
{
    struct dlt_audit *audit = calloc(1, sizeof *audit);
    enum schema_state state = SCHEMA_UNKNOWN;

    CHECK(audit, "out of memory");
    audit->topic = topic;
    audit->dead_letter_topic = dead_letter_topic;
    audit->session = sql_session_open(options, &audit->fault);
    if (audit->session)
        state = schema_version_check(audit->session, error, error_size, &audit->fault);
    *misfit = state == SCHEMA_MISFIT;
    if (state == SCHEMA_FITS)
        return audit;
    if (state == SCHEMA_UNKNOWN)
        snprintf(error, error_size, "MySQL at %s:%" PRId64 ": error %u: %s", options->host,
                 options->port, audit->fault.code, audit->fault.text);
    dlt_audit_close(audit);
    return NULL;
}

void dlt_audit_close(struct dlt_audit *audit)
{
    if (!audit)
        return;
    sql_session_close(audit->session);
    strbuf_free(&audit->statement);
    free(audit);
}

const char *dlt_audit_error(const struct dlt_audit *audit)
{
    return audit->error;
}

static bool check(struct dlt_audit *audit, enum sql_class class)
{
    if (class == SQL_OK)
        return true;
    snprintf(audit->error, sizeof audit->error, "MySQL: error %u: %s", audit->fault.code,
             audit->fault.text);
    return false;
}

static bool execute(struct dlt_audit *audit)
{
    return check(audit, sql_session_execute(audit->session, audit->statement.data,
                                            audit->statement.len, &audit->fault));
}

static bool query(struct dlt_audit *audit, sql_row row, void *cookie)
{
    return check(audit, sql_session_query(audit->session, audit->statement.data,
                                          audit->statement.len, row, cookie, &audit->fault));
}

static void read_flag(void *cookie, char **values, const unsigned long *lengths)
{
    (void)lengths;
    *(bool *)cookie = sql_read_number(values[0], 0) == 1;
}

/* The server frees the lock when the connection ends, however it does. */
bool dlt_audit_lock(struct dlt_audit *audit, bool *busy)
{
    bool taken = false;

    strbuf_clear(&audit->statement);
    strbuf_add_text(&audit->statement,
                    "SELECT GET_LOCK(LEFT(CONCAT('issue-worker-dlt.',DATABASE()),64),0)");
    if (!query(audit, read_flag, &taken))
        return false;
    *busy = !taken;
    return true;
}

static const char *record_topic(const struct dlt_audit *audit, const struct dlt_letter *letter)
{
    return letter->has_record ? audit->topic : audit->dead_letter_topic;
}

static void add_record_filter(struct dlt_audit *audit, const struct dlt_letter *letter)
{
    const char *topic = record_topic(audit, letter);

    strbuf_add_text(&audit->statement, "(record_topic=");
    sql_add_text(audit->session, &audit->statement, topic, strlen(topic));
    strbuf_addf(&audit->statement,
                " AND record_partition=%" PRId32 " AND record_offset=%" PRId64
                " AND record_timestamp=%" PRId64 ")",
                letter->record.partition, letter->record.offset, letter->record.timestamp_ms);
}

struct states_read {
    const struct dlt_audit *audit;
    const struct dlt_letter *letters;
    size_t count;
    enum dlt_state *states;
};

static void read_state(void *cookie, char **values, const unsigned long *lengths)
{
    struct states_read *read = cookie;
    const struct dlt_action action = {
        .is_replay = strcmp(values[4], "REPLAY") == 0,
        .ended = values[5],
        .failed = values[6],
    };

    (void)lengths;
    for (size_t i = 0; i < read->count; i++) {
        const struct dlt_letter *letter = &read->letters[i];

        if (sql_read_number(values[1], -1) == letter->record.partition &&
            sql_read_number(values[2], -1) == letter->record.offset &&
            sql_read_number(values[3], -2) == letter->record.timestamp_ms &&
            strcmp(values[0], record_topic(read->audit, letter)) == 0)
            read->states[i] = dlt_state_after(read->states[i], &action);
    }
}

bool dlt_audit_states(struct dlt_audit *audit, const struct dlt_letter *letters, size_t count,
                      enum dlt_state *states)
{
    struct states_read read = {audit, letters, count, states};

    for (size_t i = 0; i < count; i++)
        states[i] = DLT_OPEN;
    if (count == 0)
        return true;
    strbuf_clear(&audit->statement);
    strbuf_add_text(&audit->statement,
                    "SELECT record_topic,record_partition,record_offset,record_timestamp,action,"
                    "ended_at,failure FROM dead_letter_action WHERE ");
    for (size_t i = 0; i < count; i++) {
        strbuf_add_text(&audit->statement, i ? " OR " : "");
        add_record_filter(audit, &letters[i]);
    }
    return query(audit, read_state, &read);
}

static void add_text_or_null(struct dlt_audit *audit, const char *text)
{
    if (text && text[0])
        sql_add_text(audit->session, &audit->statement, text, strlen(text));
    else
        strbuf_add_text(&audit->statement, "NULL");
}

static bool insert(struct dlt_audit *audit, const char *action, const struct dlt_letter *letter,
                   const struct dlt_deed *deed, const char *ended_at)
{
    struct strbuf *out = &audit->statement;

    strbuf_clear(out);
    strbuf_addf(out,
                "INSERT INTO dead_letter_action (action,started_at,ended_at,letter_partition,"
                "letter_offset,record_partition,record_offset,record_timestamp,actor,reason,"
                "request_id,letter_topic,record_topic) VALUES ('%s',UTC_TIMESTAMP(3),%s,%" PRId32
                ",%" PRId64 ",%" PRId32 ",%" PRId64 ",%" PRId64 ",",
                action, ended_at, letter->partition, letter->offset, letter->record.partition,
                letter->record.offset, letter->record.timestamp_ms);
    sql_add_text(audit->session, out, deed->actor, strlen(deed->actor));
    strbuf_add_text(out, ",");
    add_text_or_null(audit, deed->reason);
    strbuf_add_text(out, ",");
    add_text_or_null(audit, letter->request_id);
    strbuf_add_text(out, ",");
    add_text_or_null(audit, audit->dead_letter_topic);
    strbuf_add_text(out, ",");
    add_text_or_null(audit, record_topic(audit, letter));
    strbuf_add_text(out, ")");
    return execute(audit);
}

bool dlt_audit_begin_replay(struct dlt_audit *audit, const struct dlt_letter *letter,
                            const struct dlt_deed *deed, uint64_t *action_id)
{
    if (!insert(audit, "REPLAY", letter, deed, "NULL"))
        return false;
    *action_id = sql_session_last_id(audit->session);
    return true;
}

bool dlt_audit_replayed(struct dlt_audit *audit, uint64_t action_id, int32_t partition,
                        int64_t offset)
{
    strbuf_clear(&audit->statement);
    strbuf_addf(&audit->statement,
                "UPDATE dead_letter_action SET ended_at=UTC_TIMESTAMP(3),new_partition=%" PRId32
                ",new_offset=%" PRId64 " WHERE action_id=%" PRIu64,
                partition, offset, action_id);
    return execute(audit);
}

bool dlt_audit_replay_failed(struct dlt_audit *audit, uint64_t action_id, const char *why)
{
    strbuf_clear(&audit->statement);
    strbuf_add_text(&audit->statement,
                    "UPDATE dead_letter_action SET ended_at=UTC_TIMESTAMP(3),failure=");
    sql_add_text(audit->session, &audit->statement, why, strnlen(why, FAILURE_MAX));
    strbuf_addf(&audit->statement, " WHERE action_id=%" PRIu64, action_id);
    return execute(audit);
}

bool dlt_audit_discard(struct dlt_audit *audit, const struct dlt_letter *letter,
                       const struct dlt_deed *deed)
{
    return insert(audit, "DISCARD", letter, deed, "UTC_TIMESTAMP(3)");
}

bool dlt_audit_history(struct dlt_audit *audit, const struct dlt_letter *letter,
                       void (*row)(void *cookie, char **values, const unsigned long *lengths),
                       void *cookie)
{
    strbuf_clear(&audit->statement);
    strbuf_add_text(&audit->statement,
                    "SELECT " DLT_AUDIT_COLUMNS " FROM dead_letter_action WHERE ");
    add_record_filter(audit, letter);
    strbuf_add_text(&audit->statement, " ORDER BY action_id");
    return query(audit, row, cookie);
}

static void read_partitions(void *cookie, char **values, const unsigned long *lengths)
{
    (void)lengths;
    *(int32_t *)cookie = (int32_t)sql_read_number(values[0], 0);
}

bool dlt_audit_layout(struct dlt_audit *audit, int32_t *partitions)
{
    *partitions = 0;
    strbuf_clear(&audit->statement);
    strbuf_add_text(&audit->statement, "SELECT partitions FROM topic_layout WHERE topic=");
    sql_add_text(audit->session, &audit->statement, audit->topic, strlen(audit->topic));
    return query(audit, read_partitions, partitions);
}

static void read_outcome(void *cookie, char **values, const unsigned long *lengths)
{
    strbuf_add(cookie, values[0], lengths[0]);
}

bool dlt_audit_outcome(struct dlt_audit *audit, const struct dlt_letter *letter,
                       struct strbuf *outcome)
{
    if (!letter->request_id[0])
        return true;
    strbuf_clear(&audit->statement);
    strbuf_add_text(&audit->statement, "SELECT outcome FROM coupon_issue_result WHERE request_id=");
    sql_add_text(audit->session, &audit->statement, letter->request_id, strlen(letter->request_id));
    return query(audit, read_outcome, outcome);
}
