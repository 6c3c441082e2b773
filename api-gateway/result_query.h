#ifndef RESULT_QUERY_H
#define RESULT_QUERY_H

#include <stdbool.h>
#include <stddef.h>

#include "api-gateway/sql_pool.h"

/* One question to MySQL for the results of many requests. Loop thread, but for the query itself. */
struct result_query;

/* found is called for each result there is, then ended once; answered false: MySQL did not answer.
 * It is freed after ended. */
struct result_query *result_query_new(void (*found)(void *cookie, const char *request_id,
                                                    const char *json, size_t len),
                                      void (*ended)(void *cookie, bool answered), void *cookie);

/* False: it is full. The id is a valid request id. */
bool result_query_add(struct result_query *query, const char *request_id);

void result_query_start(struct result_query *query, struct sql_pool *pool,
                        struct sql_mailbox *mailbox);

#endif
