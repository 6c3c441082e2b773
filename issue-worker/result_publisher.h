#ifndef RESULT_PUBLISHER_H
#define RESULT_PUBLISHER_H

#include <stdint.h>

#include "common/redis/redis_options.h"
#include "issue-worker/publication.h"

/* A thread that writes publications to Redis, so that a slow or dead Redis never slows a decision.
 * What can't be written, or waited for two seconds, is dropped: results are in MySQL. */
struct result_publisher;

/* Start the thread. result_ttl_s: how long Redis keeps a result. */
struct result_publisher *result_publisher_start(const struct redis_options *options,
                                                int64_t result_ttl_s);

/* Hand over a publication; it is freed here. When the queue is full the oldest one is dropped. Any
 * thread, never waits. */
void result_publisher_submit(struct result_publisher *publisher, struct publication *publication);

/* Write what is queued if Redis takes it, for two seconds and an exchange at most; end the thread,
 * free. */
void result_publisher_stop(struct result_publisher *publisher);

#endif
