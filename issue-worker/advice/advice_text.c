#include "issue-worker/advice/advice_text.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const char *const verdict_names[] = {
    [ADVICE_UNKNOWN] = "unknown", [ADVICE_MORE] = "more",   [ADVICE_KEEP] = "keep",
    [ADVICE_FEWER] = "fewer",     [ADVICE_LIMIT] = "limit",
};

static const char *const partitions_names[] = {
    [ADVICE_PARTITIONS_ENOUGH] = "enough",
    [ADVICE_PARTITIONS_MORE] = "more",
    [ADVICE_PARTITIONS_SKEW] = "skew",
};

static void add_table(struct strbuf *out, const struct advice_question *question)
{
    strbuf_addf(out, "%-9s %12s %12s %12s\n", "PARTITION", "LAG", "IN/S", "DECIDED/S");
    for (size_t i = 0; i < question->count; i++) {
        const struct advice_partition *one = &question->partitions[i];

        strbuf_addf(out, "%-9zu %12" PRId64 " %12.0f %12.0f\n", i, one->lag, one->in, one->out);
    }
}

static void add_verdict(struct strbuf *out, const struct advice_question *question,
                        const struct advice *advice)
{
    switch (advice->verdict) {
    case ADVICE_UNKNOWN:
        strbuf_add_text(out, "Nobody had more to do than was done, so what a consumer can do is "
                             "not known: ask while there is lag, or give --capacity.\n");
        break;
    case ADVICE_MORE:
        strbuf_addf(out, "More: it takes %zu.\n", advice->consumers);
        break;
    case ADVICE_KEEP:
        strbuf_addf(out, "Keep: it takes %zu.\n", advice->consumers);
        break;
    case ADVICE_FEWER:
        strbuf_addf(out, "Fewer: it takes %zu.\n", advice->consumers);
        break;
    case ADVICE_LIMIT:
        strbuf_addf(out,
                    "At the limit: partition %zu alone needs more than a consumer does. More than "
                    "%zu of them change nothing about that.\n",
                    advice->hottest, advice->consumers);
        break;
    }
    if (advice->verdict != ADVICE_UNKNOWN && advice->needed > 0 && isfinite(advice->longest_s))
        strbuf_addf(out, "With so many the lag is gone in %.0f s", ceil(advice->longest_s));
    else if (advice->verdict != ADVICE_UNKNOWN && advice->needed > 0)
        strbuf_add_text(out, "With so many the lag grows all the same");
    else
        return;
    strbuf_addf(out, "; asked for were %.0f s.\n", question->drain_s);
}

static void add_partitions(struct strbuf *out, const struct advice_question *question,
                           const struct advice *advice)
{
    if (advice->partitions == ADVICE_PARTITIONS_MORE)
        strbuf_addf(out,
                    "More partitions would help: about %zu instead of %zu, in a new topic, since "
                    "keys must not move.\n",
                    advice->partitions_needed, question->count);
    if (advice->partitions == ADVICE_PARTITIONS_SKEW)
        strbuf_addf(
            out,
            "More partitions would not help if that is one coupon's sale: partition %zu "
            "needs %.0f times what the others do, and a coupon stays in one partition. A faster "
            "database would, or refusing earlier.\n",
            advice->hottest, advice->skew);
}

void advice_text_add(struct strbuf *out, const char *topic, const char *group,
                     const struct advice_question *question, const struct advice *advice)
{
    add_table(out, question);
    strbuf_addf(out, "\nGroup %s: %zu consumers, %zu partitions of %s.\n", group,
                question->consumers, question->count, topic);
    if (advice->capacity > 0)
        strbuf_addf(out, "A consumer does %.0f records a second%s; needed are %.0f.\n",
                    advice->capacity, question->capacity > 0 ? "" : " (as was seen)",
                    advice->needed);
    add_verdict(out, question, advice);
    add_partitions(out, question, advice);
}

void advice_text_add_json(struct strbuf *out, const char *topic, const char *group,
                          const struct advice_question *question, const struct advice *advice)
{
    strbuf_add_text(out, "{\"topic\":");
    strbuf_add_json_string(out, topic, strlen(topic));
    strbuf_add_text(out, ",\"group\":");
    strbuf_add_json_string(out, group, strlen(group));
    strbuf_addf(out, ",\"consumers\":%zu,\"verdict\":\"%s\",\"consumersThatHelp\":%zu",
                question->consumers, verdict_names[advice->verdict], advice->consumers);
    strbuf_addf(out, ",\"capacityPerSecond\":%.0f,\"neededPerSecond\":%.0f,\"skew\":%.2f",
                advice->capacity, advice->needed, advice->skew);
    if (isfinite(advice->longest_s))
        strbuf_addf(out, ",\"drainSeconds\":%.0f", ceil(advice->longest_s));
    else
        strbuf_add_text(out, ",\"drainSeconds\":null");
    strbuf_addf(out, ",\"morePartitions\":\"%s\",\"partitionsNeeded\":",
                partitions_names[advice->partitions]);
    if (advice->partitions_needed > 0)
        strbuf_addf(out, "%zu", advice->partitions_needed);
    else
        strbuf_add_text(out, "null");
    strbuf_add_text(out, ",\"partitions\":[");
    for (size_t i = 0; i < question->count; i++)
        strbuf_addf(out,
                    "%s{\"partition\":%zu,\"lag\":%" PRId64
                    ",\"inPerSecond\":%.0f,\"decidedPerSecond\":%.0f}",
                    i > 0 ? "," : "", i, question->partitions[i].lag, question->partitions[i].in,
                    question->partitions[i].out);
    strbuf_add_text(out, "]}\n");
}
