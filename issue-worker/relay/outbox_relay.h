#ifndef OUTBOX_RELAY_H
#define OUTBOX_RELAY_H

#include "issue-worker/relay/relay_options.h"

/* Publish what the outbox holds until told to stop. Of several relays one is active, by a lease in
 * the database (lease "outbox-relay"); the others look every second whether it is free.
 *
 * What holds, whoever dies or freezes wherever:
 * - Each event gets into the topic at least once: a row is marked only after Kafka has committed
 *   its record. Killed in between, the chunk is published again, with the same ids.
 * - The events of a user coupon, and "issued" and "sold-out" of a coupon, come in their order, if
 *   only the first record of each id counts: each chunk begins with the first row that is not
 *   marked and keeps the rows' order, and no record of an older relay can come behind those of a
 *   newer one (outbox_producer.h).
 * So a reader of committed records sees a prefix of the order at any time, and a repetition as a
 * whole chunk over again. Returns the exit status. */
int outbox_relay_run(const struct relay_options *options);

#endif
