#ifndef POLICY_STORE_H
#define POLICY_STORE_H

#include <stdint.h>

#include "common/contract/policy.h"
#include "common/mysql/sql_session.h"

/* Reading policies for an admin. Pool threads only. */

/* A page of policies with their windows. */
struct policy_page {
    struct policy *policies; /* owned; in the order of their ids */
    size_t count;
};

/* Read those with ids from first_id on, at most limit. policy_page_free in any case. */
enum sql_class policy_store_read(struct sql_session *session, uint64_t first_id, unsigned int limit,
                                 struct policy_page *page, struct sql_fault *fault);

void policy_page_free(struct policy_page *page);

#endif
