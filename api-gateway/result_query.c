#include "api-gateway/result_query.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "common/base/log.h"
#include "common/contract/issue_result.h"

#define IDS_MAX 500
#define PATIENCE_MS 1500

struct result_query {
    struct sql_job job;
    void (*found)(void *cookie, const char *request_id, const char *json, size_t len);
    void (*ended)(void *cookie, bool answered);
    void *cookie;
    size_t id_count;
    size_t result_count;
    char ids[IDS_MAX][REQUEST_ID_MAX + 1];
    struct issue_result results[IDS_MAX];
};

struct result_query *result_query_new(void (*found)(void *cookie, const char *request_id,
                                                    const char *json, size_t len),
                                      void (*ended)(void *cookie, bool answered), void *cookie)
{
    struct result_query *query = malloc(sizeof *query);

    CHECK(query, "out of memory");
    memset(query, 0, offsetof(struct result_query, ids));
    query->found = found;
    query->ended = ended;
    query->cookie = cookie;
    return query;
}

bool result_query_add(struct result_query *query, const char *request_id)
{
    if (query->id_count == IDS_MAX)
        return false;
    CHECK(request_id_valid(request_id, strlen(request_id)), "requestId %s", request_id);
    strcpy(query->ids[query->id_count++], request_id);
    return true;
}

static void read_result(void *cookie, char **values, const unsigned long *lengths)
{
    struct result_query *query = cookie;
    struct issue_result *result = &query->results[query->result_count++];

    CHECK(query->result_count <= query->id_count && lengths[0] <= REQUEST_ID_MAX,
          "an answer that was not asked for");
    memset(result, 0, sizeof *result);
    memcpy(result->request_id, values[0], lengths[0]);
    result->coupon_id = (uint64_t)sql_read_number(values[1], 0);
    result->user_id = (uint64_t)sql_read_number(values[2], 0);
    CHECK(issue_outcome_parse(values[3], &result->outcome), "outcome %s", values[3]);
    result->issue_no = (uint32_t)sql_read_number(values[4], 0);
    result->decided_at_ms = sql_read_time(values[5], lengths[5], 0);
    result->issued_at_ms = sql_read_time(values[6], lengths[6], 0);
    result->expires_at_ms = sql_read_time(values[7], lengths[7], 0);
}

static enum sql_class run(struct sql_job *job, struct sql_session *session, struct sql_fault *fault)
{
    struct result_query *query = (struct result_query *)job;
    struct strbuf statement = STRBUF_INIT;
    enum sql_class class;

    strbuf_add_text(&statement,
                    "SELECT r.request_id,r.coupon_id,r.user_id,r.outcome,r.issue_no,r.decided_at,"
                    "u.issued_at,u.expires_at FROM coupon_issue_result r LEFT JOIN user_coupon u "
                    "ON u.coupon_id=r.coupon_id AND u.issue_no=r.issue_no WHERE r.request_id IN (");
    for (size_t i = 0; i < query->id_count; i++) {
        strbuf_add_text(&statement, i ? ",'" : "'");
        strbuf_add_text(&statement, query->ids[i]);
        strbuf_add(&statement, "'", 1);
    }
    strbuf_add(&statement, ")", 1);
    class = sql_session_query(session, statement.data, statement.len, read_result, query, fault);
    strbuf_free(&statement);
    return class;
}

static void done(struct sql_job *job)
{
    struct result_query *query = (struct result_query *)job;
    struct strbuf json = STRBUF_INIT;

    if (job->class != SQL_OK)
        log_warn("results_not_read", "error %u: %s", job->fault.code, job->fault.text);
    for (size_t i = 0; job->class == SQL_OK && i < query->result_count; i++) {
        strbuf_clear(&json);
        issue_result_encode(&query->results[i], &json);
        query->found(query->cookie, query->results[i].request_id, json.data, json.len);
    }
    query->ended(query->cookie, job->class == SQL_OK);
    strbuf_free(&json);
    free(query);
}

void result_query_start(struct result_query *query, struct sql_pool *pool,
                        struct sql_mailbox *mailbox)
{
    query->job.run = run;
    query->job.done = done;
    if (sql_pool_submit(pool, mailbox, &query->job, PATIENCE_MS))
        return;
    query->job.class = SQL_OUTAGE;
    strcpy(query->job.fault.text, "too many questions are waiting for MySQL");
    done(&query->job);
}
