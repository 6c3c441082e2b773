#include "expiry-batch/pruning_step.h"

#include <stdio.h>

#include "common/base/container_of.h"

static const struct pruning_step *pruning_of(const struct expiry_step *step)
{
    return CONTAINER_OF(step, const struct pruning_step, step);
}

static int64_t retention_s(const struct pruning_step *pruning, const struct expiry_work *work)
{
    return work->retention_s[pruning->retention];
}

static size_t key_columns(const struct pruning_step *pruning)
{
    size_t count = 0;

    while (count < PRUNING_KEY_COLUMNS_MAX && pruning->key[count].column)
        count++;
    return count;
}

static void add_due(const struct pruning_step *pruning, struct expiry_work *work)
{
    strbuf_addf(&work->text, " WHERE %s%s<", pruning->condition, pruning->time);
    sql_add_time(&work->text, work->now_ms - retention_s(pruning, work) * 1000);
}

enum sql_class pruning_step_count(const struct expiry_step *step, struct expiry_work *work,
                                  int64_t *due)
{
    const struct pruning_step *pruning = pruning_of(step);

    *due = 0;
    if (retention_s(pruning, work) == 0)
        return SQL_OK;
    strbuf_clear(&work->text);
    strbuf_add_text(&work->text, pruning->count);
    add_due(pruning, work);
    return expiry_work_number(work, due);
}

struct old_rows {
    const struct pruning_step *pruning;
    struct sql_session *session;
    struct strbuf keys; /* "(7,'A-1'),(8,'A-2')" */
    size_t count;
    char time[32]; /* of the last, quoted */
};

static void read_old(void *cookie, char **values, const unsigned long *lengths)
{
    struct old_rows *old = cookie;
    size_t columns = key_columns(old->pruning);

    strbuf_add_text(&old->keys, old->count++ > 0 ? ",(" : "(");
    for (size_t i = 0; i < columns; i++) {
        if (i > 0)
            strbuf_add(&old->keys, ",", 1);
        if (old->pruning->key[i].text)
            sql_add_text(old->session, &old->keys, values[i], lengths[i]);
        else
            strbuf_add(&old->keys, values[i], lengths[i]);
    }
    strbuf_add(&old->keys, ")", 1);
    snprintf(old->time, sizeof old->time, "'%.*s'", (int)lengths[columns], values[columns]);
}

static enum sql_class find_old(struct expiry_work *work, struct old_rows *old)
{
    const struct pruning_step *pruning = old->pruning;

    strbuf_clear(&work->text);
    strbuf_add_text(&work->text, pruning->find);
    add_due(pruning, work);
    strbuf_addf(&work->text, "%s ORDER BY %s LIMIT %zu", work->cursor.len ? work->cursor.data : "",
                pruning->order, work->rows_max);
    return sql_session_query(work->session, work->text.data, work->text.len, read_old, old,
                             &work->fault);
}

static enum sql_class delete_old(struct expiry_work *work, const struct old_rows *old)
{
    const struct pruning_step *pruning = old->pruning;

    strbuf_clear(&work->text);
    strbuf_add_text(&work->text, pruning->delete);
    add_due(pruning, work);
    strbuf_add_text(&work->text, " AND (");
    for (size_t i = 0; i < key_columns(pruning); i++)
        strbuf_addf(&work->text, "%s%s", i > 0 ? "," : "", pruning->key[i].column);
    strbuf_add_text(&work->text, ") IN (");
    strbuf_add(&work->text, old->keys.data, old->keys.len);
    strbuf_add(&work->text, ")", 1);
    return expiry_work_execute(work);
}

enum sql_class pruning_step_chunk(const struct expiry_step *step, struct expiry_work *work,
                                  size_t *seen, size_t *changed)
{
    struct old_rows old = {pruning_of(step), work->session, STRBUF_INIT, 0, ""};
    enum sql_class class = SQL_OK;

    *changed = 0;
    if (retention_s(old.pruning, work) > 0)
        class = find_old(work, &old);
    *seen = old.count;
    if (class == SQL_OK && old.count > 0)
        class = delete_old(work, &old);
    if (class == SQL_OK && old.count > 0) {
        *changed = (size_t)sql_session_changed_rows(work->session);
        strbuf_clear(&work->cursor);
        strbuf_addf(&work->cursor, " AND %s>=%s", old.pruning->time, old.time);
    }
    strbuf_free(&old.keys);
    return class;
}
