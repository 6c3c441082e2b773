#ifndef CONSUME_LOOP_H
#define CONSUME_LOOP_H

#include <stdbool.h>

#include "issue-worker/batch_body.h"
#include "issue-worker/config.h"
#include "issue-worker/result_publisher.h"

/* One member's thread: collect a batch, decide it until that is done, tell the world, again. */
struct consume_loop;

/* Start the thread. NULL: error says why. config, body and publisher must live longer. body: what
 * is done with the records; NULL: they are issue requests. publisher NULL: nobody is told. member:
 * see issue_consumer_new. */
struct consume_loop *consume_loop_start(const struct worker_config *config,
                                        const struct batch_body *body,
                                        struct result_publisher *publisher, int member, char *error,
                                        size_t error_size);

/* Ask it to end: the open batch is finished, or given up if the database is away. Any thread. */
void consume_loop_stop(struct consume_loop *loop);

/* Wait for the end and free. EX_OK, or the exit status that says why it can't go on. */
int consume_loop_join(struct consume_loop *loop);

/* Any thread: is it a member of the group with a working database? Has it ended by itself? */
bool consume_loop_ready(const struct consume_loop *loop);
bool consume_loop_ended(const struct consume_loop *loop);

#endif
