/* What the MySQL client library says when this process gets no memory, which a real one won't say
 * on demand. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <errmsg.h>
#include <mysql.h>

#include "common/base/log.h"
#include "common/mysql/sql_session.h"
#include "tests/unit/capture.h"

static unsigned int code;

MYSQL *STDCALL __wrap_mysql_real_connect(MYSQL *mysql, const char *host, const char *user,
                                         const char *password, const char *database,
                                         unsigned int port, const char *socket,
                                         unsigned long flags);
MYSQL *STDCALL __wrap_mysql_real_connect(MYSQL *mysql, const char *host, const char *user,
                                         const char *password, const char *database,
                                         unsigned int port, const char *socket, unsigned long flags)
{
    (void)mysql;
    (void)host;
    (void)user;
    (void)password;
    (void)database;
    (void)port;
    (void)socket;
    (void)flags;
    return NULL;
}

unsigned int STDCALL __wrap_mysql_errno(MYSQL *mysql);
unsigned int STDCALL __wrap_mysql_errno(MYSQL *mysql)
{
    (void)mysql;
    return code;
}

static const struct sql_options options = {
    .host = "127.0.0.1", .port = 1, .user = "coupon", .database = "coupon", .answer_timeout_s = 1};

static void a_server_that_is_away_is_an_outage(void **state)
{
    struct sql_fault fault;

    (void)state;
    code = CR_CONN_HOST_ERROR;
    assert_null(sql_session_open(&options, &fault));
    assert_int_equal(fault.code, CR_CONN_HOST_ERROR);
    assert_int_equal(fault.class, SQL_OUTAGE);
}

/* Waiting for the server would not help: it is not the server's. */
static void no_memory_ends_the_process(void **state)
{
    struct capture capture;
    struct sql_fault fault;
    int status;
    char *text;
    pid_t child;

    (void)state;
    code = CR_OUT_OF_MEMORY;
    capture = capture_start(STDERR_FILENO);
    child = fork();
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        sql_session_open(&options, &fault);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    text = capture_end(&capture);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_non_null(strstr(text, "out of memory"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_that_is_away_is_an_outage),
        cmocka_unit_test(no_memory_ends_the_process),
    };

    log_init("sql_session_test", LOG_LEVEL_INFO);
    sql_library_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
