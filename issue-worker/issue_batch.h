#ifndef ISSUE_BATCH_H
#define ISSUE_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/contract/issue_request.h"
#include "issue-worker/issue_decision.h"

#define ISSUE_BATCH_DETAIL 160
/* Records of one batch together; a batch ends early at this size, so that garbage can't fill
 * memory. */
#define ISSUE_BATCH_MAX_BYTES (8u << 20)

/* One record on its way through a batch. */
struct issue_item {
    struct issue_record record; /* its bytes belong to message */
    void *message;              /* what the consumer delivered; handed back by issue_batch_clear */
    struct issue_request request;
    enum issue_request_fault fault;
    char *detail; /* what is wrong with it, or NULL; owned */
    int tries;    /* how often it was tried by itself before it was set aside; 0: it was not */
    bool skipped; /* below the fence: decided before */
    void *event; /* what the batch's reader made of the record instead of request; owned, or NULL */
    const char *cause; /* a fault that its reader did not see: constant, in upper case; or NULL */
    struct issue_verdict verdict;
};

/* A decided item that got its coupon. */
bool issue_item_is_issued(const struct issue_item *item);

/* A decided item whose request gets a result: it was not decided before, and has a readable id. */
bool issue_item_has_result(const struct issue_item *item);

/* Give the item up as a dead letter, because the database refused it tries times; why is copied.
 * Nothing of it goes to the database but its FAILED result. form: 1, with all its ids; 2, with the
 * requestId alone; 3, without a result, so that only the fence moves. */
void issue_item_set_aside(struct issue_item *item, int form, int tries, const char *why);

/* The part of a batch that comes from one partition. */
struct issue_span {
    int32_t partition;
    int64_t first_offset;
    int64_t next_offset;  /* behind the last record */
    int64_t begin_offset; /* reading went on from here: a hole up to first_offset is in the log
                             itself */
};

struct batch_body;

/* Records in the order of delivery, so in offset order within each partition. */
struct issue_batch {
    struct issue_item *items;
    size_t count;
    size_t capacity;
    size_t bytes;
    struct issue_span *spans; /* in order of partition */
    size_t span_count;
    size_t span_capacity;
    void (*release)(void *message);
    const struct batch_body *body; /* reads the records; NULL: they are issue requests */
};

/* release gives a message back to its consumer. */
struct issue_batch *issue_batch_new(size_t capacity, void (*release)(void *message));
void issue_batch_free(struct issue_batch *batch);

/* Drop all items. */
void issue_batch_clear(struct issue_batch *batch);

bool issue_batch_full(const struct issue_batch *batch);

/* Is there a record that an operator produced again? */
bool issue_batch_has_replay(const struct issue_batch *batch);

/* Decode a record and add it; the batch takes the message. The batch is not full. begin_offset:
 * see issue_span; that of a partition's first record counts, and for the others it must be where
 * the one before ended: a batch without the records between would lose them. */
void issue_batch_add(struct issue_batch *batch, const struct issue_record *record, void *message,
                     int64_t begin_offset);

/* Let view show the records begin…end-1 of batch, as a batch of their own that ends with the one it
 * shows: it owns its spans alone. Zero-initialise view; a used one is shown anew. */
void issue_batch_view(struct issue_batch *view, const struct issue_batch *batch, size_t begin,
                      size_t end);
void issue_batch_view_free(struct issue_batch *view);

/* The span of a partition that has a record in the batch. */
const struct issue_span *issue_batch_span(const struct issue_batch *batch, int32_t partition);

#endif
