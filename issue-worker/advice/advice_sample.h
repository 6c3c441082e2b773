#ifndef ADVICE_SAMPLE_H
#define ADVICE_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/kafka/kafka_options.h"

/* What a broker says of a topic and a consumer group at one moment. */

/* One partition. decided: the group's committed offset, or where the log begins when the group has
 * committed nothing there. */
struct advice_place {
    int64_t end;
    int64_t decided;
};

struct advice_sample {
    int64_t at_us; /* monotonic */
    size_t consumers;
    size_t count;
    struct advice_place *places; /* one a partition */
};

/* A client that asks. It is no member of the group and commits nothing. One thread. */
struct advice_client;

/* NULL: error says why. */
struct advice_client *advice_client_new(const struct kafka_options *options, const char *group,
                                        char *error, size_t error_size);
void advice_client_free(struct advice_client *client);

/* Take a sample. False: error says why; some seconds at most. advice_sample_free what was taken. */
bool advice_sample_take(struct advice_client *client, struct advice_sample *sample, char *error,
                        size_t error_size);
void advice_sample_free(struct advice_sample *sample);

#endif
