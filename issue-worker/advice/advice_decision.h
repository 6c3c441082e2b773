#ifndef ADVICE_DECISION_H
#define ADVICE_DECISION_H

#include <stddef.h>
#include <stdint.h>

/* How many consumers a consumer group should have, from what its partitions look like. Pure. */

/* One partition over the time of the look. Rates are records a second. */
struct advice_partition {
    int64_t lag; /* records that are not decided, at the end of the look */
    double in;   /* written */
    double out;  /* decided */
};

/* What is asked for. */
struct advice_question {
    const struct advice_partition *partitions;
    size_t count;
    size_t consumers; /* members of the group now */
    double capacity;  /* records a second that a consumer decides; 0: as fast as the fastest of
                         those that had something left to do */
    double drain_s;   /* in which the lag is to be worked off */
};

enum advice_verdict {
    ADVICE_UNKNOWN, /* nobody was busy, so nobody knows what a consumer can do */
    ADVICE_MORE,    /* so many consumers are enough, and there are fewer */
    ADVICE_KEEP,
    ADVICE_FEWER,
    ADVICE_LIMIT, /* with one consumer a partition, the most that help, it takes longer */
};

enum advice_partitions {
    ADVICE_PARTITIONS_ENOUGH,
    ADVICE_PARTITIONS_MORE, /* all are busy alike: more of them spread the load further */
    ADVICE_PARTITIONS_SKEW, /* one has much more than the others, as one big sale does: more
                               partitions don't divide that */
};

struct advice {
    enum advice_verdict verdict;
    size_t consumers; /* that help: the fewest that are enough, or at the limit the fewest that are
                         as fast as one for each partition */
    double capacity;  /* as it was given or seen; 0: unknown */
    double needed;    /* records a second for all partitions to be drained in time */
    double
        longest_s; /* until the last partition is drained with so many consumers; INFINITY: never */
    size_t hottest; /* the partition that needs most */
    double skew;    /* what it needs over the mean of the others; 0: there are none */
    enum advice_partitions partitions;
    size_t partitions_needed; /* ADVICE_PARTITIONS_MORE: that would be enough */
};

/* So many times the others is an exception among them. */
#define ADVICE_SKEW 3.0

/* Decide. With count 0 everything is unknown. */
struct advice advice_decide(const struct advice_question *question);

/* The most that any of so many consumers has to do, in records a second, when partitions are dealt
 * out as the range assignor does: runs of neighbours, the first ones longer by one. */
double advice_busiest(const struct advice_question *question, size_t consumers);

#endif
