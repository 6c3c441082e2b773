#include "common/kafka/kafka_fault.h"

#include <stddef.h>

#define CREDENTIALS "check the credentials and the certificates; it goes on by itself"
#define ACLS "check the user's ACLs; it goes on by itself"
#define TOPIC "create the topic (and its dead-letter topic); it goes on by itself"
#define SIZE "raise the topic's max.message.bytes; it goes on by itself"
#define CLOCK "set this machine's clock, or the broker's; it goes on by itself"
#define GROUP "let all members of the group use the same assignor and topics"
#define INSTANCE                                                                                   \
    "another program has this group.instance.id now: give each program one of its own, and start " \
    "again"

struct kafka_error {
    rd_kafka_resp_err_t code;
    enum failure_class class;
    const char *advice;
};

/* The client library deals with most errors of single requests by itself; these are the ones that
 * it hands on. */
static const struct kafka_error errors[] = {
    /* The client library's own. */
    {RD_KAFKA_RESP_ERR__BAD_MSG, FAILURE_OUTAGE, "a broker sent bytes that make no sense"},
    {RD_KAFKA_RESP_ERR__BAD_COMPRESSION, FAILURE_OUTAGE, "a record's bytes can't be unpacked"},
    {RD_KAFKA_RESP_ERR__TRANSPORT, FAILURE_OUTAGE, NULL},
    {RD_KAFKA_RESP_ERR__RESOLVE, FAILURE_OUTAGE, "check --kafka-brokers and the name service"},
    {RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, FAILURE_OUTAGE, NULL},
    {RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, FAILURE_OUTAGE,
     "the dead-letter topic must have as many partitions as its topic; it goes on by itself"},
    {RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, FAILURE_OUTAGE, TOPIC},
    {RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, FAILURE_OUTAGE, NULL},
    {RD_KAFKA_RESP_ERR__TIMED_OUT, FAILURE_OUTAGE, NULL},
    {RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE, FAILURE_OUTAGE, NULL},
    {RD_KAFKA_RESP_ERR__ISR_INSUFF, FAILURE_OUTAGE, NULL},
    {RD_KAFKA_RESP_ERR__SSL, FAILURE_OUTAGE, CREDENTIALS},
    {RD_KAFKA_RESP_ERR__AUTHENTICATION, FAILURE_OUTAGE, CREDENTIALS},
    {RD_KAFKA_RESP_ERR__WAIT_COORD, FAILURE_OUTAGE, NULL},
    {RD_KAFKA_RESP_ERR__QUEUE_FULL, FAILURE_TRANSIENT, NULL},
    {RD_KAFKA_RESP_ERR__WAIT_CACHE, FAILURE_TRANSIENT, NULL},
    {RD_KAFKA_RESP_ERR__INTR, FAILURE_TRANSIENT, NULL},
    {RD_KAFKA_RESP_ERR__RETRY, FAILURE_TRANSIENT, NULL},
    {RD_KAFKA_RESP_ERR__PURGE_QUEUE, FAILURE_TRANSIENT, NULL},
    {RD_KAFKA_RESP_ERR__PURGE_INFLIGHT, FAILURE_TRANSIENT, NULL},
    {RD_KAFKA_RESP_ERR__STATE, FAILURE_TRANSIENT, NULL},
    {RD_KAFKA_RESP_ERR__NO_OFFSET, FAILURE_TRANSIENT, NULL},
    {RD_KAFKA_RESP_ERR__PARTITION_EOF, FAILURE_TRANSIENT, NULL},
    {RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST, FAILURE_TRANSIENT, NULL},
    {RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED, FAILURE_TRANSIENT, "raise max.poll.interval.ms"},
    {RD_KAFKA_RESP_ERR__FENCED, FAILURE_STOP, INSTANCE},
    {RD_KAFKA_RESP_ERR__FATAL, FAILURE_STOP, "start again"},
    {RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, FAILURE_STOP,
     "compare consumer_fence with the topic's offsets; nothing was skipped"},
    /* The brokers'. */
    {RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, FAILURE_STOP,
     "compare consumer_fence with the topic's offsets; nothing was skipped"},
    {RD_KAFKA_RESP_ERR_INVALID_MSG, FAILURE_RECORD, NULL},
    {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, FAILURE_OUTAGE, TOPIC},
    {RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, FAILURE_OUTAGE, NULL},
    {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, FAILURE_TRANSIENT, NULL},
    {RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, FAILURE_OUTAGE, NULL},
    {RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE, FAILURE_OUTAGE, NULL},
    {RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE, FAILURE_OUTAGE, NULL},
    {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, FAILURE_RECORD, SIZE},
    {RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION, FAILURE_OUTAGE, NULL},
    {RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, FAILURE_TRANSIENT, NULL},
    {RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, FAILURE_OUTAGE, NULL},
    {RD_KAFKA_RESP_ERR_NOT_COORDINATOR, FAILURE_TRANSIENT, NULL},
    {RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, FAILURE_OUTAGE, TOPIC},
    {RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, FAILURE_RECORD, SIZE},
    {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, FAILURE_OUTAGE, NULL},
    {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, FAILURE_OUTAGE, NULL},
    {RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, FAILURE_TRANSIENT, NULL},
    {RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL, FAILURE_OUTAGE, GROUP},
    {RD_KAFKA_RESP_ERR_INVALID_GROUP_ID, FAILURE_STOP, "give a valid --kafka-group"},
    {RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, FAILURE_TRANSIENT, NULL},
    {RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT, FAILURE_STOP,
     "set session.timeout.ms within the broker's group.min… and group.max.session.timeout.ms"},
    {RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, FAILURE_TRANSIENT, NULL},
    {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, FAILURE_OUTAGE, ACLS},
    {RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, FAILURE_OUTAGE, ACLS},
    {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, FAILURE_OUTAGE, ACLS},
    /* Kafka 4 takes no record from more than an hour ahead: message.timestamp.after.max.ms. */
    {RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP, FAILURE_OUTAGE, CLOCK},
    {RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM, FAILURE_OUTAGE, CREDENTIALS},
    {RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION, FAILURE_STOP, "the broker is too old or too new"},
    {RD_KAFKA_RESP_ERR_POLICY_VIOLATION, FAILURE_OUTAGE, "the broker's policy forbids it"},
    {RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, FAILURE_TRANSIENT, NULL},
    {RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER, FAILURE_TRANSIENT, NULL},
    {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, FAILURE_TRANSIENT, NULL},
    {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING, FAILURE_TRANSIENT, NULL},
    {RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID, FAILURE_TRANSIENT, NULL},
    {RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR, FAILURE_OUTAGE, "look at the broker's disks"},
    {RD_KAFKA_RESP_ERR_LOG_DIR_NOT_FOUND, FAILURE_OUTAGE, "look at the broker's disks"},
    {RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, FAILURE_OUTAGE, CREDENTIALS},
    {RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH, FAILURE_TRANSIENT, NULL},
    {RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH, FAILURE_TRANSIENT, NULL},
    {RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE, FAILURE_TRANSIENT, NULL},
    {RD_KAFKA_RESP_ERR_MEMBER_ID_REQUIRED, FAILURE_TRANSIENT, NULL},
    {RD_KAFKA_RESP_ERR_GROUP_MAX_SIZE_REACHED, FAILURE_OUTAGE,
     "raise group.max.size, or run fewer members"},
    {RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, FAILURE_STOP, INSTANCE},
    {RD_KAFKA_RESP_ERR_INVALID_RECORD, FAILURE_RECORD, NULL},
    {RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT, FAILURE_TRANSIENT, NULL},
    {RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED, FAILURE_TRANSIENT, NULL},
    {RD_KAFKA_RESP_ERR_PRODUCER_FENCED, FAILURE_TRANSIENT, NULL},
};

static const struct kafka_error *find(rd_kafka_resp_err_t code)
{
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        if (errors[i].code == code)
            return &errors[i];
    return NULL;
}

enum failure_class kafka_fault_class(rd_kafka_resp_err_t error)
{
    const struct kafka_error *found = find(error);

    if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
        return FAILURE_NONE;
    return found ? found->class : FAILURE_OUTAGE;
}

const char *kafka_fault_advice(rd_kafka_resp_err_t error)
{
    const struct kafka_error *found = find(error);

    return found ? found->advice : NULL;
}
