#ifndef DLT_OPTIONS_H
#define DLT_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/option.h"
#include "common/base/privilege.h"
#include "common/kafka/kafka_options.h"
#include "common/mysql/sql_options.h"
#include "issue-worker/dlt/dlt_filter.h"

enum dlt_verb { DLT_LIST, DLT_SHOW, DLT_REPLAY, DLT_DISCARD };

/* Everything that can be said to one of the commands. */
struct dlt_options {
    enum dlt_verb verb;
    struct kafka_options kafka;
    struct sql_options sql;
    struct privilege_options privilege;
    int64_t coupon;
    const char *cause;
    const char *since;
    const char *until;
    const char *state;
    const char *format;
    const char *actor;
    const char *reason;
    int64_t limit; /* 0: none */
    int64_t rate;  /* records/s */
    bool all;
    bool dry_run;
    char dead_letter_topic[300];
    struct dlt_filter filter; /* what of the above says which letters; free its ids */
};

/* Read the arguments of a command: argv[0] is its name, then come ids, then options. OPTION_RUN
 * only when all of it makes sense together; else the user was told. */
enum option_result dlt_options_read(struct dlt_options *options, enum dlt_verb verb, int argc,
                                    char **argv);
void dlt_options_free(struct dlt_options *options);

#endif
