#include "api-gateway/near_load.h"

#include <stdlib.h>

#include "common/base/check.h"

static void read_row(void *cookie, char **values, const unsigned long *lengths)
{
    struct near_load *load = cookie;
    size_t size = load->kind->row_size;

    load->kind->read(strbuf_reserve(&load->rows, size), values, lengths);
    load->rows.len += size;
    load->row_count++;
}

static enum sql_class run(struct sql_job *job, struct sql_session *session, struct sql_fault *fault)
{
    struct near_load *load = (struct near_load *)job;
    struct strbuf statement = STRBUF_INIT;
    enum sql_class class;

    strbuf_add_text(&statement, load->kind->select);
    for (size_t i = 0; i < load->id_count; i++) {
        if (i)
            strbuf_add(&statement, ",", 1);
        strbuf_add_u64(&statement, load->ids[i]);
    }
    strbuf_add(&statement, ")", 1);
    strbuf_add_text(&statement, load->kind->order);
    class = sql_session_query(session, statement.data, statement.len, read_row, load, fault);
    strbuf_free(&statement);
    return class;
}

struct near_load *near_load_new(const struct near_kind *kind, void (*done)(struct sql_job *job),
                                void *cookie)
{
    struct near_load *load = calloc(1, sizeof *load);

    CHECK(load, "out of memory");
    load->ids = calloc(kind->load_max, sizeof *load->ids);
    CHECK(load->ids, "out of memory");
    load->job.run = run;
    load->job.done = done;
    load->kind = kind;
    load->cookie = cookie;
    return load;
}

void near_load_free(struct near_load *load)
{
    strbuf_free(&load->rows);
    free(load->ids);
    free(load);
}

void near_load_add(struct near_load *load, uint64_t id)
{
    CHECK(!near_load_is_full(load), "%zu numbers in one query", load->id_count);
    load->ids[load->id_count++] = id;
}

bool near_load_is_full(const struct near_load *load)
{
    return load->id_count == load->kind->load_max;
}
