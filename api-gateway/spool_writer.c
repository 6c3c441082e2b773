#include "api-gateway/spool_writer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <event2/event.h>

#include "api-gateway/spool_table.h"
#include "common/base/check.h"
#include "common/base/container_of.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"

#define WAITING_MAX 20000
#define BATCH 1000
#define PATIENCE_MS 1000
#define ATTEMPTS 3 /* at a statement that met a lock */

TAILQ_HEAD(entry_list, spool_entry);

/* One statement on its way. */
struct spool_write {
    struct sql_job job;
    struct spool_writer *writer;
    struct spool_insert insert;
    size_t count;
    struct spool_entry *entries[BATCH];
    const struct issue_request *requests[BATCH];
};

struct spool_writer {
    struct spool *spool;
    struct sql_pool *pool;
    struct sql_mailbox *mailbox;
    struct event *flush;
    struct entry_list waiting;
    size_t open;
    struct spool_write *write; /* under way, or NULL */
};

static void flush_soon(struct spool_writer *writer)
{
    event_active(writer->flush, EV_TIMEOUT, 0);
}

static void tell(struct spool_writer *writer, struct spool_entry *entry, enum spool_outcome outcome)
{
    writer->open--;
    entry->writing = false;
    entry->done(entry, outcome);
}

static struct spool_entry *take(struct spool_writer *writer)
{
    struct spool_entry *entry = TAILQ_FIRST(&writer->waiting);

    TAILQ_REMOVE(&writer->waiting, entry, next);
    return entry;
}

/* Pool thread. */
static enum sql_class run(struct sql_job *job, struct sql_session *session, struct sql_fault *fault)
{
    struct spool_write *write = CONTAINER_OF(job, struct spool_write, job);
    struct spool *spool = write->writer->spool;
    enum sql_class class = SQL_TRANSIENT;

    for (int i = 0; i < ATTEMPTS && class == SQL_TRANSIENT; i++)
        class = spool_table_insert(session, spool_instance(spool), spool_max_rows(spool),
                                   write->requests, write->count, &write->insert, fault);
    FAILPOINT("spool_after_insert");
    return class;
}

static enum spool_outcome outcome_of(const struct spool_write *write, size_t place)
{
    enum sql_class class = write->job.class;

    if (place >= write->insert.fitting && (write->insert.sent || class == SQL_OK))
        return SPOOL_FULL;
    if (class == SQL_OK)
        return SPOOL_COMMITTED;
    return write->insert.sent && class == SQL_OUTAGE ? SPOOL_UNKNOWN : SPOOL_NOT_WRITTEN;
}

static void log_failure(const struct spool_write *write)
{
    if (write->job.class != SQL_OK)
        log_warn("spool_not_written", "%zu requests: error %u: %s", write->count,
                 write->job.fault.code, write->job.fault.text);
    else if (write->insert.fitting < write->count)
        log_error("spool_full",
                  "%" PRId64 " requests wait in MySQL (--spool-max-rows): no more are accepted "
                  "until Kafka is back",
                  spool_max_rows(write->writer->spool));
}

static void done(struct sql_job *job)
{
    struct spool_write *write = CONTAINER_OF(job, struct spool_write, job);
    struct spool_writer *writer = write->writer;

    writer->write = NULL;
    spool_write_ended(writer->spool, job->class == SQL_OK ? write->insert.fitting : 0);
    log_failure(write);
    for (size_t i = 0; i < write->count; i++)
        tell(writer, write->entries[i], outcome_of(write, i));
    free(write);
    flush_soon(writer);
}

static void start_write(struct spool_writer *writer)
{
    struct spool_write *write = malloc(sizeof *write);

    CHECK(write, "out of memory");
    write->job = (struct sql_job){.run = run, .done = done};
    write->writer = writer;
    write->insert = (struct spool_insert){.fitting = 0};
    for (write->count = 0; write->count < BATCH && !TAILQ_EMPTY(&writer->waiting); write->count++) {
        struct spool_entry *entry = take(writer);

        entry->writing = true;
        write->entries[write->count] = entry;
        write->requests[write->count] = &entry->request;
    }
    writer->write = write;
    if (sql_pool_submit(writer->pool, writer->mailbox, &write->job, PATIENCE_MS))
        return;
    write->job.class = SQL_OUTAGE;
    done(&write->job);
}

/* All at once, so that none finds others waiting and queues up behind them. */
static void send_all(struct spool_writer *writer)
{
    struct entry_list entries = TAILQ_HEAD_INITIALIZER(entries);
    struct spool_entry *entry;

    TAILQ_CONCAT(&entries, &writer->waiting, next);
    while ((entry = TAILQ_FIRST(&entries))) {
        TAILQ_REMOVE(&entries, entry, next);
        tell(writer, entry, SPOOL_DIRECT_AGAIN);
    }
}

static void flush(evutil_socket_t fd, short what, void *cookie)
{
    struct spool_writer *writer = cookie;

    (void)fd;
    (void)what;
    if (writer->write || TAILQ_EMPTY(&writer->waiting))
        return;
    if (spool_write_begins(writer->spool))
        start_write(writer);
    else if (spool_state(writer->spool) == SPOOL_DIRECT)
        send_all(writer);
}

struct spool_writer *spool_writer_new(struct event_base *base, struct spool *spool,
                                      struct sql_pool *pool, struct sql_mailbox *mailbox)
{
    struct spool_writer *writer = calloc(1, sizeof *writer);

    CHECK(writer, "out of memory");
    writer->spool = spool;
    writer->pool = pool;
    writer->mailbox = mailbox;
    TAILQ_INIT(&writer->waiting);
    writer->flush = event_new(base, -1, 0, flush, writer);
    CHECK(writer->flush, "out of memory");
    return writer;
}

void spool_writer_free(struct spool_writer *writer)
{
    if (!writer)
        return;
    CHECK(!writer->write, "a write is under way");
    while (!TAILQ_EMPTY(&writer->waiting))
        tell(writer, take(writer), SPOOL_NOT_WRITTEN);
    event_free(writer->flush);
    free(writer);
}

bool spool_writer_takes(const struct spool_writer *writer)
{
    return spool_state(writer->spool) != SPOOL_DIRECT || !TAILQ_EMPTY(&writer->waiting);
}

bool spool_writer_add(struct spool_writer *writer, struct spool_entry *entry)
{
    if (writer->open >= WAITING_MAX)
        return false;
    entry->writing = false;
    TAILQ_INSERT_TAIL(&writer->waiting, entry, next);
    writer->open++;
    flush_soon(writer);
    return true;
}

bool spool_writer_leave(struct spool_writer *writer, struct spool_entry *entry)
{
    if (entry->writing)
        return false;
    TAILQ_REMOVE(&writer->waiting, entry, next);
    writer->open--;
    return true;
}

void spool_writer_tick(struct spool_writer *writer)
{
    if (!TAILQ_EMPTY(&writer->waiting))
        flush_soon(writer);
}

size_t spool_writer_open(const struct spool_writer *writer)
{
    return writer->open;
}
