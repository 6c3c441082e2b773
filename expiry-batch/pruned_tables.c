#include "expiry-batch/pruning_step.h"

/* Results of requests that were decided before the retention. */
const struct pruning_step result_pruning = {
    .step = {"prune-results", "resultsPruned", pruning_step_count, pruning_step_chunk},
    .count = "SELECT COUNT(*) FROM coupon_issue_result",
    .find = "SELECT request_id,decided_at FROM coupon_issue_result "
            "FORCE INDEX (coupon_issue_result_decided)",
    .delete = "DELETE FROM coupon_issue_result",
    .condition = "",
    .time = "decided_at",
    .order = "decided_at",
    .key = {{"request_id", true}},
    .retention = RETENTION_OF_RESULTS,
};

/* Events that were published before the retention. What is not published has no published_at. */
const struct pruning_step outbox_pruning = {
    .step = {"prune-outbox", "eventsPruned", pruning_step_count, pruning_step_chunk},
    .count = "SELECT COUNT(*) FROM outbox",
    .find = "SELECT seq,published_at FROM outbox FORCE INDEX (outbox_published)",
    .delete = "DELETE FROM outbox",
    .condition = "",
    .time = "published_at",
    .order = "published_at,seq",
    .key = {{"seq", false}},
    .retention = RETENTION_OF_EVENTS,
};

/* Orders that the shop cancelled before they used any coupon: nothing refers to them, and they are
 * kept only so that a payment that comes late does not use one after all. They go when no such
 * payment can come any more. Orders that used a coupon stay: they are what use and cancel-use are
 * told apart by. */
const struct pruning_step order_pruning = {
    .step = {"prune-orders", "ordersPruned", pruning_step_count, pruning_step_chunk},
    .count = "SELECT COUNT(*) FROM coupon_order",
    .find = "SELECT user_id,order_id,changed_at FROM coupon_order "
            "FORCE INDEX (coupon_order_closed)",
    .delete = "DELETE FROM coupon_order",
    .condition = "state='CLOSED' AND coupon_id IS NULL AND ",
    .time = "changed_at",
    .order = "changed_at",
    .key = {{"user_id", false}, {"order_id", true}},
    .retention = RETENTION_OF_ORDERS,
};
