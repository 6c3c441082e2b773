#ifndef BROADCAST_FEED_H
#define BROADCAST_FEED_H

#include "api-gateway/io_thread.h"

/* How a loop hears of progress, sold-out coupons and changes: from Redis' broadcasts, and from
 * MySQL while those are silent. Loop thread only. */

/* One broadcast, as Redis delivers it. cookie: the struct io_thread. */
void broadcast_feed_message(void *cookie, const char *text, size_t len);

/* The subscription is up (again): catch up with what was missed. cookie: the struct io_thread. */
void broadcast_feed_connected(void *cookie);

/* Call several times a second: asks MySQL when nothing was heard for a while. */
void broadcast_feed_tick(struct io_thread *thread, int64_t now_us);

#endif
