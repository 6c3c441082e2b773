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
        1044, 1045, 1049, 1142, 1143,             /* a password, grant or restore on its way */
        1064, 1054, 1146,                         /* tables that are not ours, or not yet */
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

static void values_are_refused(void **state)
{
    static const unsigned int codes[] = {
        1048, 1264, 1366, 1406, 1452,
        1526, 1644, 1690, 3819, 4025, /* values, constraints, triggers */
        1153, 2020, END,              /* a smaller statement will do */
    };

    (void)state;
    expect_all(SQL_REFUSED, codes);
}

static void what_is_not_known_is_waited_for(void **state)
{
    static const unsigned int codes[] = {1, 1999, 3000, 4999, 5100, 65535, UINT32_MAX, END};

    (void)state;
    expect_all(SQL_OUTAGE, codes);
    assert_int_equal(sql_classify(0), SQL_OK);
    assert_string_equal(sql_fault_name(1), "");
    assert_null(sql_fault_advice(1));
}

static void errors_have_names_and_advice(void **state)
{
    (void)state;
    assert_string_equal(sql_fault_name(1205), "ER_LOCK_WAIT_TIMEOUT");
    assert_non_null(sql_fault_advice(1045));
    assert_null(sql_fault_advice(1205));
}

static void classes_are_those_of_all_parts(void **state)
{
    (void)state;
    assert_int_equal(sql_failure_class(SQL_OK), FAILURE_NONE);
    assert_int_equal(sql_failure_class(SQL_DUPLICATE), FAILURE_RECORD);
    assert_int_equal(sql_failure_class(SQL_TRANSIENT), FAILURE_TRANSIENT);
    assert_int_equal(sql_failure_class(SQL_OUTAGE), FAILURE_OUTAGE);
    assert_int_equal(sql_failure_class(SQL_REFUSED), FAILURE_RECORD);
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
        cmocka_unit_test(the_same_again_helps),
        cmocka_unit_test(the_server_is_to_be_waited_for),
        cmocka_unit_test(a_key_is_taken),
        cmocka_unit_test(values_are_refused),
        cmocka_unit_test(what_is_not_known_is_waited_for),
        cmocka_unit_test(errors_have_names_and_advice),
        cmocka_unit_test(classes_are_those_of_all_parts),
        cmocka_unit_test(classes_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
