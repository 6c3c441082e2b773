#include "common/mysql/outbox_table.h"

static const char head[] =
    "INSERT INTO outbox (id,aggregateid,type,subject,payload,created_at) VALUES ";

void outbox_statement_begin(struct strbuf *out)
{
    strbuf_clear(out);
    strbuf_add(out, head, sizeof head - 1);
}

/* What is behind start becomes part of an SQL string in quotes. It is UTF-8, without a NUL. */
static void escape(struct strbuf *out, size_t start)
{
    size_t len = out->len - start;
    size_t extra = 0;
    char *to;

    for (size_t i = start; i < out->len; i++)
        extra += out->data[i] == '\'' || out->data[i] == '\\';
    if (extra == 0)
        return;
    strbuf_reserve(out, extra);
    to = out->data + out->len + extra;
    *to = '\0';
    for (const char *from = out->data + start + len; from > out->data + start;) {
        *--to = *--from;
        if (*from == '\'' || *from == '\\')
            *--to = *from;
    }
    out->len += extra;
}

void outbox_statement_add(struct strbuf *out, const struct coupon_event *event)
{
    size_t payload;

    strbuf_add_text(out, out->len > sizeof head - 1 ? ",('" : "('");
    coupon_event_add_id(event, out);
    strbuf_add_text(out, "','");
    strbuf_add_u64(out, event->coupon_id);
    strbuf_add_text(out, "','");
    strbuf_add_text(out, coupon_event_type_name(event->type));
    strbuf_add_text(out, "','");
    coupon_event_add_subject(event, out);
    strbuf_add_text(out, "','");
    payload = out->len;
    coupon_event_encode(event, out);
    escape(out, payload);
    strbuf_add_text(out, "',");
    sql_add_time(out, event->occurred_at_ms);
    strbuf_add(out, ")", 1);
}

enum sql_class outbox_table_insert(struct sql_session *session, const struct coupon_event *events,
                                   size_t count, struct sql_fault *fault)
{
    struct strbuf statement = STRBUF_INIT;
    enum sql_class class;

    if (count == 0)
        return SQL_OK;
    outbox_statement_begin(&statement);
    for (size_t i = 0; i < count; i++)
        outbox_statement_add(&statement, &events[i]);
    class = sql_session_execute(session, statement.data, statement.len, fault);
    strbuf_free(&statement);
    return class;
}
