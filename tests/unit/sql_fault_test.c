/* Which error numbers mean: again, wait, a key is taken, or give up. The numbers are the servers'
 * mysqld_error.h and the client libraries' errmsg.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/mysql/sql_fault.h"

#define END 0

static void expect_all(enum sql_class expected, const unsigned int *codes)
{
    for (; *codes != END; codes++)
        if (sql_classify(*codes) != expected)
            fail_msg("error %u: expected %s, saw %s", *codes, sql_class_name(expected),
                     sql_class_name(sql_classify(*codes)));
}

static void the_same_again_helps(void **state)
{
    /* deadlock, lock wait, MariaDB's snapshot conflict, NOWAIT, XA deadlock */
    static const unsigned int codes[] = {1213, 1205, 1020, 3572, 1614, END};

    (void)state;
    expect_all(SQL_TRANSIENT, codes);
}

static void the_server_is_to_be_waited_for(void **state)
{
    static const unsigned int codes[] = {
        2000, 2002, 2003, 2006, 2013, 2026, 2999, /* the client library's own */
        5000, 5014, 5099,                         /* libmariadb's */
        1040, 1203, 1226,                         /* too many connections */
        1290, 1792, 1836,                         /* read-only */
        1053, 1077, 1079, 1927, 3169, 4031,       /* shutdown, killed, kicked out */
        1317, 1969, 3024,                         /* the statement took too long or was stopped */
        1044, 1045,                               /* a password being changed */
        1021, 1041, 1114,                         /* disk or memory full */
        1158, 1159, 1160, 1161, END,
    };

    (void)state;
    expect_all(SQL_OUTAGE, codes);
}

static void a_key_is_taken(void **state)
{
    static const unsigned int codes[] = {1062, 1586, END};

    (void)state;
    expect_all(SQL_DUPLICATE, codes);
}

static void what_is_not_known_is_refused(void **state)
{
    static const unsigned int codes[] = {
        1,    1064, 1146, 1054, 1264,  1366,       1406,
        1452, 1048, 3819, 4025,                         /* syntax, tables, values */
        1999, 3000, 4999, 5100, 65535, UINT32_MAX, END, /* just outside the ranges */
    };

    (void)state;
    expect_all(SQL_REFUSED, codes);
    assert_int_equal(sql_classify(0), SQL_OK);
}

static void classes_have_names(void **state)
{
    (void)state;
    assert_string_equal(sql_class_name(SQL_OK), "ok");
    assert_string_equal(sql_class_name(SQL_DUPLICATE), "duplicate");
    assert_string_equal(sql_class_name(SQL_TRANSIENT), "transient");
    assert_string_equal(sql_class_name(SQL_OUTAGE), "outage");
    assert_string_equal(sql_class_name(SQL_REFUSED), "refused");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_again_helps), cmocka_unit_test(the_server_is_to_be_waited_for),
        cmocka_unit_test(a_key_is_taken),       cmocka_unit_test(what_is_not_known_is_refused),
        cmocka_unit_test(classes_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
