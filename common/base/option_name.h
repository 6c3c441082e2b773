#ifndef OPTION_NAME_H
#define OPTION_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/option.h"

/* "COUPON_", the longest name, "_FILE" and the NUL. */
#define OPTION_NAME_SIZE (7 + OPTION_NAME_MAX + 5 + 1)

/* "--kafka-brokers"; of a secret, "--mysql-password-file". */
void option_flag_name(const struct option_spec *spec, char name[OPTION_NAME_SIZE]);

/* "COUPON_KAFKA_BROKERS"; of a secret, the one that holds it: "COUPON_MYSQL_PASSWORD". */
void option_variable_name(const struct option_spec *spec, char name[OPTION_NAME_SIZE]);

/* "COUPON_MYSQL_PASSWORD_FILE", of a secret only. */
void option_file_variable_name(const struct option_spec *spec, char name[OPTION_NAME_SIZE]);

/* The name among those considered that is nearest to what was typed. */
struct option_suggestion {
    const char *typed;
    size_t distance;
    char name[OPTION_NAME_SIZE];
};

void option_suggestion_start(struct option_suggestion *suggestion, const char *typed);
void option_suggestion_consider(struct option_suggestion *suggestion, const char *name);

/* False: nothing is near enough to be meant. */
bool option_suggestion_found(const struct option_suggestion *suggestion);

#endif
