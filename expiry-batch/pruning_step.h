#ifndef PRUNING_STEP_H
#define PRUNING_STEP_H

#include "expiry-batch/expiry_step.h"

#define PRUNING_KEY_COLUMNS_MAX 2

/* Rows of a table that are older than their retention are deleted: the oldest are found by an index
 * on their time, and deleted by primary key if they are still due. The cursor on the time passes by
 * what was just deleted and is not purged yet. Statements are written out as far as they are always
 * the same, to be found by who looks for them. */
struct pruning_step {
    struct expiry_step step; /* its functions: pruning_step_count and pruning_step_chunk */
    const char *count;       /* "SELECT COUNT(*) FROM t" */
    const char *find;        /* "SELECT k1,k2,time FROM t FORCE INDEX (…)": key and time */
    const char *delete;      /* "DELETE FROM t" */
    const char *condition;   /* of the rows that are meant, with " AND " behind it; "": all */
    const char *time;        /* column of the time, NULL where a row is never due */
    const char *order;       /* of the index, from the time on */
    struct pruning_key {
        const char *column;
        bool text;                  /* else a number */
    } key[PRUNING_KEY_COLUMNS_MAX]; /* the primary key; a column NULL: there is none */
    enum expiry_retention retention;
};

enum sql_class pruning_step_count(const struct expiry_step *step, struct expiry_work *work,
                                  int64_t *due);
enum sql_class pruning_step_chunk(const struct expiry_step *step, struct expiry_work *work,
                                  size_t *seen, size_t *changed);

extern const struct pruning_step result_pruning;
extern const struct pruning_step outbox_pruning;
extern const struct pruning_step order_pruning;

#endif
