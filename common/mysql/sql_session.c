#include "common/mysql/sql_session.h"

#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errmsg.h>
#include <mysql.h>

#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/base/timestamp.h"
#include "common/mysql/sql_tls.h"

/* An answer that is not there after FIRST_WAIT_MS is late; then a waiting call each WAIT_MS. */
#define FIRST_WAIT_MS 500
#define WAIT_MS 200

struct sql_session {
    MYSQL *mysql;
    int64_t answer_timeout_us;
    void (*waiting)(void *cookie); /* NULL: nothing else is to do */
    void *cookie;
};

/* A lock wait must end long before the consumer group's patience does. */
static const char *const start_statements[] = {
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    "SET time_zone='+00:00', sql_mode='STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', autocommit=1, "
    "innodb_lock_wait_timeout=5",
};

void sql_library_start(void)
{
    CHECK(mysql_library_init(0, NULL, NULL) == 0, "the MySQL client library does not start");
}

void sql_thread_stop(void)
{
    mysql_thread_end();
}

static enum sql_class fail(struct sql_session *session, struct sql_fault *fault)
{
    unsigned int code = mysql_errno(session->mysql);

    /* It is this process that has none: the server can't help, and waiting won't. */
    CHECK(code != CR_OUT_OF_MEMORY, "out of memory");
    fault->code = code;
    fault->class = code ? sql_classify(code) : SQL_OUTAGE;
    snprintf(fault->text, sizeof fault->text, "%s", mysql_error(session->mysql));
    return fault->class;
}

static enum sql_class fail_late(struct sql_session *session, struct sql_fault *fault)
{
    fault->code = CR_SERVER_LOST;
    fault->class = sql_classify(fault->code);
    snprintf(fault->text, sizeof fault->text, "no answer in %d s",
             (int)(session->answer_timeout_us / 1000000));
    return fault->class;
}

/* False: the time is over, and nothing came from the server. */
static bool wait_for_answer(struct sql_session *session)
{
    struct pollfd server = {.fd = session->mysql->net.fd, .events = POLLIN};
    int64_t end_us;

    if (!session->waiting || poll(&server, 1, FIRST_WAIT_MS) != 0)
        return true;
    end_us = clock_monotonic_us() + session->answer_timeout_us - FIRST_WAIT_MS * 1000;
    do {
        if (clock_monotonic_us() >= end_us)
            return false;
        session->waiting(session->cookie);
    } while (poll(&server, 1, WAIT_MS) == 0);
    return true;
}

static void set_options(MYSQL *mysql, const struct sql_options *options)
{
    unsigned int connect_s = (unsigned int)options->connect_timeout_s;
    unsigned int answer_s = (unsigned int)options->answer_timeout_s;

    mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &connect_s);
    mysql_options(mysql, MYSQL_OPT_READ_TIMEOUT, &answer_s);
    mysql_options(mysql, MYSQL_OPT_WRITE_TIMEOUT, &answer_s);
    mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    sql_tls_set(mysql, options);
}

struct sql_session *sql_session_open(const struct sql_options *options, struct sql_fault *fault)
{
    struct sql_session *session = calloc(1, sizeof *session);

    CHECK(session, "out of memory");
    session->mysql = mysql_init(NULL);
    CHECK(session->mysql, "out of memory");
    session->answer_timeout_us = options->answer_timeout_s * 1000000;
    set_options(session->mysql, options);
    if (!mysql_real_connect(session->mysql, options->host, options->user, options->password,
                            options->database, (unsigned int)options->port, NULL, 0)) {
        fail(session, fault);
        sql_tls_explain(options, fault);
        goto err0;
    }
    if (!sql_tls_check(session->mysql, options, fault))
        goto err0;
    for (size_t i = 0; i < sizeof start_statements / sizeof start_statements[0]; i++)
        if (sql_session_execute(session, start_statements[i], strlen(start_statements[i]), fault) !=
            SQL_OK)
            goto err0;
    return session;

err0:
    sql_session_close(session);
    return NULL;
}

void sql_session_close(struct sql_session *session)
{
    if (!session)
        return;
    mysql_close(session->mysql);
    free(session);
}

enum sql_class sql_session_send(struct sql_session *session, const char *text, size_t len,
                                struct sql_fault *fault)
{
    if (mysql_send_query(session->mysql, text, (unsigned long)len) != 0)
        return fail(session, fault);
    return SQL_OK;
}

enum sql_class sql_session_finish(struct sql_session *session, struct sql_fault *fault)
{
    MYSQL_RES *rows;

    if (!wait_for_answer(session))
        return fail_late(session, fault);
    if (mysql_read_query_result(session->mysql) != 0)
        return fail(session, fault);
    rows = mysql_store_result(session->mysql);
    if (rows)
        mysql_free_result(rows);
    return SQL_OK;
}

enum sql_class sql_session_execute(struct sql_session *session, const char *text, size_t len,
                                   struct sql_fault *fault)
{
    enum sql_class class = sql_session_send(session, text, len, fault);

    return class == SQL_OK ? sql_session_finish(session, fault) : class;
}

void sql_session_on_wait(struct sql_session *session, void (*waiting)(void *cookie), void *cookie)
{
    session->waiting = waiting;
    session->cookie = cookie;
}

enum sql_class sql_session_query(struct sql_session *session, const char *text, size_t len,
                                 sql_row row, void *cookie, struct sql_fault *fault)
{
    enum sql_class class = sql_session_send(session, text, len, fault);
    MYSQL_RES *rows;
    MYSQL_ROW values;

    if (class != SQL_OK)
        return class;
    if (!wait_for_answer(session))
        return fail_late(session, fault);
    if (mysql_read_query_result(session->mysql) != 0)
        return fail(session, fault);
    rows = mysql_store_result(session->mysql);
    if (!rows)
        return fail(session, fault);
    while ((values = mysql_fetch_row(rows)))
        row(cookie, values, mysql_fetch_lengths(rows));
    mysql_free_result(rows);
    return SQL_OK;
}

void sql_session_rollback(struct sql_session *session)
{
    struct sql_fault ignored;

    sql_session_execute(session, "ROLLBACK", 8, &ignored);
}

uint64_t sql_session_last_id(const struct sql_session *session)
{
    return mysql_insert_id(session->mysql);
}

uint64_t sql_session_changed_rows(const struct sql_session *session)
{
    return mysql_affected_rows(session->mysql);
}

void sql_add_text(struct sql_session *session, struct strbuf *out, const char *text, size_t len)
{
    char *to = strbuf_reserve(out, 2 * len + 3);
    unsigned long escaped;

    to[0] = '\'';
    escaped = mysql_real_escape_string(session->mysql, to + 1, text, (unsigned long)len);
    to[escaped + 1] = '\'';
    out->len += escaped + 2;
    out->data[out->len] = '\0';
}

void sql_add_time(struct strbuf *out, int64_t wall_ms)
{
    char text[TIMESTAMP_SIZE];

    if (wall_ms < 0 || wall_ms > TIMESTAMP_MAX_MS) {
        strbuf_add_text(out, "NULL");
        return;
    }
    timestamp_format_sql(wall_ms, text);
    strbuf_add(out, "'", 1);
    strbuf_add_text(out, text);
    strbuf_add(out, "'", 1);
}

int64_t sql_read_number(const char *value, int64_t fallback)
{
    return value ? strtoll(value, NULL, 10) : fallback;
}

int64_t sql_read_time(const char *value, unsigned long len, int64_t fallback)
{
    int64_t wall_ms;

    return value && timestamp_parse(value, len, &wall_ms) ? wall_ms : fallback;
}
