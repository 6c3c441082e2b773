#include "api-gateway/topic_layout.h"

#include <string.h>

#include "common/base/strbuf.h"

static void read_partitions(void *cookie, char **values, const unsigned long *lengths)
{
    (void)lengths;
    *(int32_t *)cookie = (int32_t)sql_read_number(values[0], 0);
}

static void add_settle(struct strbuf *out, struct sql_session *session, const char *topic,
                       int32_t partitions)
{
    strbuf_add_text(out, "INSERT INTO topic_layout (topic,partitions,set_at) VALUES (");
    sql_add_text(session, out, topic, strlen(topic));
    strbuf_addf(out, ",%d,UTC_TIMESTAMP(3)) ON DUPLICATE KEY UPDATE partitions=partitions",
                (int)partitions);
}

static void add_read(struct strbuf *out, struct sql_session *session, const char *topic)
{
    strbuf_add_text(out, "SELECT partitions FROM topic_layout WHERE topic=");
    sql_add_text(session, out, topic, strlen(topic));
}

int32_t topic_layout_settle(const struct sql_options *options, const char *topic,
                            int32_t partitions, struct sql_fault *fault)
{
    struct sql_session *session = sql_session_open(options, fault);
    struct strbuf statement = STRBUF_INIT;
    enum sql_class class;
    int32_t settled = 0;

    if (!session)
        return 0;
    add_settle(&statement, session, topic, partitions);
    class = sql_session_execute(session, statement.data, statement.len, fault);
    strbuf_clear(&statement);
    add_read(&statement, session, topic);
    if (class == SQL_OK)
        class = sql_session_query(session, statement.data, statement.len, read_partitions, &settled,
                                  fault);
    strbuf_free(&statement);
    sql_session_close(session);
    return class == SQL_OK ? settled : 0;
}
