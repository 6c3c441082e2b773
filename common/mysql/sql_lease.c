#include "common/mysql/sql_lease.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sodium.h>

#include "common/base/check.h"
#include "common/base/clock.h"

/* A host's name as far as it is of letters that need no escaping. */
static void read_host(char *host, size_t size)
{
    if (gethostname(host, size) != 0)
        snprintf(host, size, "unknown");
    host[size - 1] = '\0';
    for (char *c = host; *c; c++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-", *c))
            *c = '-';
}

void sql_lease_init(struct sql_lease *lease, const char *name, int64_t hold_ms)
{
    char host[65];

    CHECK(sodium_init() >= 0, "no random numbers");
    read_host(host, sizeof host);
    *lease = (struct sql_lease){.name = name, .hold_ms = hold_ms};
    snprintf(lease->holder, sizeof lease->holder, "%s:%d:%08" PRIx32, host, (int)getpid(),
             randombytes_random());
}

static enum sql_class run(struct sql_session *session, struct strbuf *statement,
                          struct sql_fault *fault)
{
    enum sql_class class = sql_session_execute(session, statement->data, statement->len, fault);

    strbuf_clear(statement);
    return class;
}

struct look {
    const struct sql_lease *lease;
    bool held;
    char *other;
};

static void read_look(void *cookie, char **values, const unsigned long *lengths)
{
    struct look *look = cookie;

    (void)lengths;
    look->held = strcmp(values[0], look->lease->holder) == 0 && sql_read_number(values[1], 0);
    if (!look->held)
        snprintf(look->other, SQL_LEASE_HOLDER_SIZE, "%s", values[0]);
}

/* Assigned from left to right: each sees what stands left of it. */
static void add_take(const struct sql_lease *lease, struct strbuf *out)
{
    const char *holder = lease->holder;

    strbuf_addf(
        out,
        "INSERT INTO lease (name,holder,taken_at,expires_at) VALUES ('%s','%s',"
        "UTC_TIMESTAMP(3),UTC_TIMESTAMP(3)+INTERVAL %" PRId64 " MICROSECOND) "
        "ON DUPLICATE KEY UPDATE "
        "taken_at=IF(holder='%s' OR expires_at>UTC_TIMESTAMP(3),taken_at,"
        "UTC_TIMESTAMP(3)),"
        "holder=IF(expires_at>UTC_TIMESTAMP(3),holder,'%s'),"
        "expires_at=IF(holder='%s',UTC_TIMESTAMP(3)+INTERVAL %" PRId64 " MICROSECOND,expires_at)",
        lease->name, holder, 1000 * lease->hold_ms, holder, holder, holder, 1000 * lease->hold_ms);
}

enum sql_class sql_lease_take(struct sql_lease *lease, struct sql_session *session,
                              char other[SQL_LEASE_HOLDER_SIZE], struct sql_fault *fault)
{
    struct strbuf statement = STRBUF_INIT;
    struct look look = {lease, false, other};
    int64_t began_us = clock_monotonic_us();
    enum sql_class class;

    other[0] = '\0';
    lease->held = false;
    add_take(lease, &statement);
    class = run(session, &statement, fault);
    if (class == SQL_OK) {
        strbuf_addf(&statement,
                    "SELECT holder,expires_at>UTC_TIMESTAMP(3) FROM lease WHERE name='%s'",
                    lease->name);
        class = sql_session_query(session, statement.data, statement.len, read_look, &look, fault);
    }
    strbuf_free(&statement);
    lease->held = class == SQL_OK && look.held;
    lease->until_us = began_us + lease->hold_ms * 1000;
    return class;
}

bool sql_lease_valid(const struct sql_lease *lease)
{
    return lease->held && clock_monotonic_us() < lease->until_us;
}

bool sql_lease_due(const struct sql_lease *lease)
{
    return !lease->held || clock_monotonic_us() >= lease->until_us - lease->hold_ms * 500;
}

enum sql_class sql_lease_release(struct sql_lease *lease, struct sql_session *session,
                                 struct sql_fault *fault)
{
    struct strbuf statement = STRBUF_INIT;
    enum sql_class class;

    lease->held = false;
    strbuf_addf(&statement,
                "UPDATE lease SET expires_at=UTC_TIMESTAMP(3) WHERE name='%s' AND holder='%s'",
                lease->name, lease->holder);
    class = run(session, &statement, fault);
    strbuf_free(&statement);
    return class;
}
