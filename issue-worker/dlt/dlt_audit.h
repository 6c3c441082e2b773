#ifndef DLT_AUDIT_H
#define DLT_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/strbuf.h"
#include "common/mysql/sql_options.h"
#include "issue-worker/dlt/dlt_letter.h"
#include "issue-worker/dlt/dlt_state.h"

/* The table dead_letter_action: what operators did about dead letters. Rows are found by the record
 * that a letter is about, so that all letters about one record have one state. One connection, one
 * thread; every function that returns false leaves what happened in dlt_audit_error. */
struct dlt_audit;

/* topic and dead_letter_topic must live as long as the result. NULL: error says why, and *misfit
 * whether it is because the schema is another release's. */
struct dlt_audit *dlt_audit_open(const struct sql_options *options, const char *topic,
                                 const char *dead_letter_topic, bool *misfit, char *error,
                                 size_t error_size);
void dlt_audit_close(struct dlt_audit *audit);

const char *dlt_audit_error(const struct dlt_audit *audit);

/* Be the only run that acts, until close: *busy if another one does. */
bool dlt_audit_lock(struct dlt_audit *audit, bool *busy);

/* The state of each of count letters. */
bool dlt_audit_states(struct dlt_audit *audit, const struct dlt_letter *letters, size_t count,
                      enum dlt_state *states);

/* Who does something about a letter, and why (NULL: not told). */
struct dlt_deed {
    const char *actor;
    const char *reason;
};

/* A replay: its row before the record is produced, and how it ended. A row without an end says that
 * it may have happened. */
bool dlt_audit_begin_replay(struct dlt_audit *audit, const struct dlt_letter *letter,
                            const struct dlt_deed *deed, uint64_t *action_id);
bool dlt_audit_replayed(struct dlt_audit *audit, uint64_t action_id, int32_t partition,
                        int64_t offset);
bool dlt_audit_replay_failed(struct dlt_audit *audit, uint64_t action_id, const char *why);

bool dlt_audit_discard(struct dlt_audit *audit, const struct dlt_letter *letter,
                       const struct dlt_deed *deed);

/* Every row about the letter's record, oldest first: columns of DLT_AUDIT_COLUMNS, NULL for SQL
 * NULL, valid in the call. */
#define DLT_AUDIT_COLUMNS                                                                          \
    "action,actor,reason,started_at,ended_at,failure,letter_partition,letter_offset,"              \
    "new_partition,new_offset"
enum dlt_audit_column {
    DLT_AUDIT_ACTION,
    DLT_AUDIT_ACTOR,
    DLT_AUDIT_REASON,
    DLT_AUDIT_STARTED_AT,
    DLT_AUDIT_ENDED_AT,
    DLT_AUDIT_FAILURE,
    DLT_AUDIT_LETTER_PARTITION,
    DLT_AUDIT_LETTER_OFFSET,
    DLT_AUDIT_NEW_PARTITION,
    DLT_AUDIT_NEW_OFFSET
};
bool dlt_audit_history(struct dlt_audit *audit, const struct dlt_letter *letter,
                       void (*row)(void *cookie, char **values, const unsigned long *lengths),
                       void *cookie);

/* Over how many partitions the gateways spread the topic's requests; 0: none has settled that. */
bool dlt_audit_layout(struct dlt_audit *audit, int32_t *partitions);

/* Append the outcome that the letter's request has now ("ISSUED", "DEAD_LETTERED", …); nothing
 * where it has none. */
bool dlt_audit_outcome(struct dlt_audit *audit, const struct dlt_letter *letter,
                       struct strbuf *outcome);

#endif
