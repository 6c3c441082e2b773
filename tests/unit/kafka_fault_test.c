/* Which class an error of Kafka has; every error that the client library knows has one, and those
 * that end a program say what to do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/kafka/kafka_fault.h"

struct row {
    rd_kafka_resp_err_t error;
    enum failure_class class;
};

static const struct row rows[] = {
    {RD_KAFKA_RESP_ERR_NO_ERROR, FAILURE_NONE},
    {RD_KAFKA_RESP_ERR__TRANSPORT, FAILURE_OUTAGE},
    {RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, FAILURE_OUTAGE},
    {RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, FAILURE_OUTAGE},
    {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, FAILURE_OUTAGE},
    {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, FAILURE_OUTAGE},
    {RD_KAFKA_RESP_ERR__AUTHENTICATION, FAILURE_OUTAGE},
    {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, FAILURE_OUTAGE},
    {RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR, FAILURE_OUTAGE},
    {RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP, FAILURE_OUTAGE},
    {RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, FAILURE_TRANSIENT},
    {RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, FAILURE_TRANSIENT},
    {RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED, FAILURE_TRANSIENT},
    {RD_KAFKA_RESP_ERR__QUEUE_FULL, FAILURE_TRANSIENT},
    {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, FAILURE_RECORD},
    {RD_KAFKA_RESP_ERR_INVALID_RECORD, FAILURE_RECORD},
    {RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, FAILURE_STOP},
    {RD_KAFKA_RESP_ERR__FATAL, FAILURE_STOP},
    {RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, FAILURE_STOP},
    {RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, FAILURE_STOP},
    /* Not met here, or not known to this release of the library. */
    {RD_KAFKA_RESP_ERR_ELECTION_NOT_NEEDED, FAILURE_OUTAGE},
    {(rd_kafka_resp_err_t)30000, FAILURE_OUTAGE},
    {(rd_kafka_resp_err_t)-300, FAILURE_OUTAGE},
};

static void an_error_has_its_class(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (kafka_fault_class(rows[i].error) != rows[i].class)
            fail_msg("%s: expected %s, saw %s", rd_kafka_err2name(rows[i].error),
                     failure_class_name(rows[i].class),
                     failure_class_name(kafka_fault_class(rows[i].error)));
}

static void whatever_ends_a_program_says_what_to_do(void **state)
{
    const struct rd_kafka_err_desc *all;
    size_t count;

    (void)state;
    rd_kafka_get_err_descs(&all, &count);
    assert_true(count > 100);
    for (size_t i = 0; i < count; i++)
        if (kafka_fault_class(all[i].code) == FAILURE_STOP && !kafka_fault_advice(all[i].code))
            fail_msg("%s ends a program without a word", all[i].name);
    assert_null(kafka_fault_advice((rd_kafka_resp_err_t)30000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_has_its_class),
        cmocka_unit_test(whatever_ends_a_program_says_what_to_do),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
