#include "issue-worker/advice/advice_decision.h"

#include <math.h>
#include <stdbool.h>

/* Rates of a look at a running system are never quite the same: so much more is not more. */
#define TOLERANCE 1.05
#define NOTHING 1e-3 /* records a second: less than anything that was seen */

/* Records a second that the partition needs decided: what comes, and its lag in time. */
static double need(const struct advice_question *question, size_t partition)
{
    const struct advice_partition *one = &question->partitions[partition];

    return one->in + (double)one->lag / question->drain_s;
}

/* A run of neighbours that one consumer has under the range assignor. */
struct run {
    size_t first, end;
};

static struct run run_of(size_t partitions, size_t consumers, size_t consumer)
{
    size_t each = partitions / consumers, more = partitions % consumers;
    size_t first = each * consumer + (consumer < more ? consumer : more);

    return (struct run){first, first + each + (consumer < more)};
}

double advice_busiest(const struct advice_question *question, size_t consumers)
{
    double most = 0;

    for (size_t i = 0; i < consumers; i++) {
        struct run run = run_of(question->count, consumers, i);
        double sum = 0;

        for (size_t partition = run.first; partition < run.end; partition++)
            sum += need(question, partition);
        most = fmax(most, sum);
    }
    return most;
}

/* What a consumer was seen to do when it had more to do than it did. */
static double seen_capacity(const struct advice_question *question)
{
    double most = 0;

    if (question->consumers == 0)
        return 0;
    for (size_t i = 0; i < question->consumers && i < question->count; i++) {
        struct run run = run_of(question->count, question->consumers, i);
        bool busy = false;
        double sum = 0;

        for (size_t partition = run.first; partition < run.end; partition++) {
            sum += question->partitions[partition].out;
            busy = busy || question->partitions[partition].lag > 0;
        }
        most = busy ? fmax(most, sum) : most;
    }
    return most;
}

/* Seconds until each partition is drained, one consumer having a fair part of its time for each of
 * its own. */
static double longest(const struct advice_question *question, size_t consumers, double capacity)
{
    double most = 0;

    for (size_t i = 0; i < consumers; i++) {
        struct run run = run_of(question->count, consumers, i);
        double in = 0, lag = 0;

        for (size_t partition = run.first; partition < run.end; partition++) {
            in += question->partitions[partition].in;
            lag += (double)question->partitions[partition].lag;
        }
        if (lag > 0)
            most = in < capacity ? fmax(most, lag / (capacity - in)) : INFINITY;
    }
    return most;
}

static void look_at_partitions(const struct advice_question *question, struct advice *advice)
{
    double others;

    for (size_t i = 0; i < question->count; i++) {
        advice->needed += need(question, i);
        if (need(question, i) > need(question, advice->hottest))
            advice->hottest = i;
    }
    others = advice->needed - need(question, advice->hottest);
    if (question->count > 1)
        advice->skew =
            need(question, advice->hottest) * (double)(question->count - 1) / fmax(others, NOTHING);
}

/* The fewest consumers whose busiest one has no more than that to do; one a partition at most. */
static size_t fewest(const struct advice_question *question, double most)
{
    size_t consumers = 1;

    while (consumers < question->count && advice_busiest(question, consumers) > most * TOLERANCE)
        consumers++;
    return consumers;
}

static enum advice_verdict compare(size_t wanted, size_t now)
{
    if (wanted == now)
        return ADVICE_KEEP;
    return wanted > now ? ADVICE_MORE : ADVICE_FEWER;
}

struct advice advice_decide(const struct advice_question *question)
{
    struct advice advice = {.verdict = ADVICE_UNKNOWN, .consumers = question->consumers};
    double alone;

    if (question->count == 0)
        return advice;
    look_at_partitions(question, &advice);
    if (advice.needed <= 0) {
        advice.consumers = 1;
        advice.verdict = compare(1, question->consumers);
        advice.capacity = question->capacity;
        return advice;
    }
    advice.capacity = question->capacity > 0 ? question->capacity : seen_capacity(question);
    if (advice.capacity <= 0) {
        advice.longest_s = INFINITY;
        return advice;
    }
    alone = need(question, advice.hottest);
    advice.consumers = fewest(question, fmax(advice.capacity, alone));
    if (alone <= advice.capacity * TOLERANCE) {
        advice.verdict = compare(advice.consumers, question->consumers);
    } else {
        advice.verdict = ADVICE_LIMIT;
        advice.partitions =
            advice.skew >= ADVICE_SKEW ? ADVICE_PARTITIONS_SKEW : ADVICE_PARTITIONS_MORE;
        if (advice.partitions == ADVICE_PARTITIONS_MORE)
            advice.partitions_needed =
                (size_t)ceil((double)question->count * alone / advice.capacity);
    }
    advice.longest_s = longest(question, advice.consumers, advice.capacity);
    return advice;
}
