#ifndef SPOOL_H
#define SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api-gateway/spool_mode.h"

/* What a gateway's loops and its relay thread share about the spool: the mode (spool_mode.h), told
 * in logs and metrics whenever it changes.
 *
 * Promised: a request that comes after another was answered 202 by the same gateway reaches Kafka
 * after it. Through the spool the order is one for all gateways: that of the rows. A gateway that
 * never lost Kafka goes through the spool too when others' rows wait for more than three seconds,
 * so at other gateways a request overtakes no earlier one by more than about that; and not even
 * this is promised while MySQL can't be read. */
struct spool;

/* rows_left: the spool is not empty as the gateway starts. */
struct spool *spool_new(uint32_t instance, int64_t max_rows, bool rows_left);
void spool_free(struct spool *spool);

uint32_t spool_instance(const struct spool *spool);
int64_t spool_max_rows(const struct spool *spool);

/* Any thread. Without a lock: the question of every request. */
enum spool_state spool_state(const struct spool *spool);

/* Any thread: a record sent straight to Kafka was not taken or not confirmed; why, for the log. */
void spool_failed(struct spool *spool, const char *why);

/* Any thread: may rows be written now? If so, tell how many were committed in the end. */
bool spool_write_begins(struct spool *spool);
void spool_write_ended(struct spool *spool, size_t committed);

/* Any thread: has the spool been seen empty lately? While not, a request that is in no result may
 * still be there. */
bool spool_seen_empty(const struct spool *spool, int64_t now_us);

/* Relay thread: a look at the table begins, now; that time and the answer go to spool_looked. look
 * NULL: MySQL did not answer. */
bool spool_look_begins(struct spool *spool);
void spool_looked(struct spool *spool, const struct spool_look *look, bool quiet, int64_t began_us);

/* Relay thread: does Kafka answer? */
void spool_probed(struct spool *spool, bool answers);

/* Relay thread: rows were moved. */
void spool_moved(struct spool *spool, size_t rows);

#endif
