#ifndef EXPIRY_CONFIG_H
#define EXPIRY_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/option.h"
#include "common/base/privilege.h"
#include "common/mysql/sql_options.h"

/* Everything that can be set on an expiry-batch. */
struct expiry_config {
    bool dry_run;
    int64_t limit;         /* rows; 0: none */
    int64_t time_budget_s; /* 0: none */
    int64_t chunk_rows;
    int64_t result_retention_s; /* 0: keep all */
    int64_t outbox_retention_s; /* 0: keep all */
    int64_t order_retention_s;  /* 0: keep all */
    const char *events;         /* "on" or "off" */
    const char *progress;       /* "auto", "on" or "off" */
    const char *metrics_file;   /* NULL: none */
    const char *pushgateway;    /* URL; NULL: none */
    const char *pushgateway_job;
    const char *log_level;
    struct privilege_options privilege;
    struct sql_options sql;
};

enum option_result expiry_config_read(struct expiry_config *config, int argc, char **argv);

#endif
