#ifndef OUTBOX_TABLE_H
#define OUTBOX_TABLE_H

#include <stddef.h>

#include "common/base/strbuf.h"
#include "common/contract/coupon_event.h"
#include "common/mysql/sql_session.h"

/* Writing events into table outbox, in the transaction of the change that they tell of; relays
 * bring them to Kafka. How to:
 *
 *     START TRANSACTION
 *     lock the row (SELECT … FOR UPDATE, or an UPDATE that found it in the expected state)
 *     UPDATE user_coupon SET status=…, change_no=change_no+1 WHERE …
 *     outbox_table_insert(session, &event, 1, &fault)    event.change_no as it is after the UPDATE
 *     COMMIT
 *
 * An event is inserted only after the row it is about is locked: user_coupon for what happens to
 * it, coupon for "sold-out" (and "issued", whose user_coupon row nobody sees before).
 *
 * Why the order of seq then is the order of changes, though a lower seq may be committed after a
 * higher one: the relay reads all unpublished rows by seq, from the first, in one snapshot. Say
 * event B follows event A of the same row. B's transaction had the lock only after A's was over; so
 * A was committed before B got its seq, A's seq is lower, and every snapshot that holds B holds A
 * too. A seq that shows up late belongs to a transaction that was open all the while, with the lock
 * on its row: nothing that follows it can have been published. The relay keeps no position in seq
 * that it could miss such a row by.
 *
 * An id that is there already is SQL_DUPLICATE: by the locking above it can't come, so it is a
 * fault of the program, and the transaction is to be rolled back like on any other. */

/* The text of one INSERT of several events: begin, add once or more, run it. Pure. */
void outbox_statement_begin(struct strbuf *out);
void outbox_statement_add(struct strbuf *out, const struct coupon_event *event);

/* Insert count events in their order; with 0, do nothing. In an open transaction; on anything but
 * SQL_OK, *fault is filled and the caller rolls back. */
enum sql_class outbox_table_insert(struct sql_session *session, const struct coupon_event *events,
                                   size_t count, struct sql_fault *fault);

#endif
