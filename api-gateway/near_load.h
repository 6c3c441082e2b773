#ifndef NEAR_LOAD_H
#define NEAR_LOAD_H

#include "api-gateway/near_cache.h"

/* One query of a near cache, for many numbers. Filled and read on the loop's thread; the pool's
 * thread that runs the job has it meanwhile. */
struct near_load {
    struct sql_job job; /* first: the pool hands it back */
    const struct near_kind *kind;
    void *cookie;
    uint64_t *ids;
    size_t id_count;
    struct strbuf rows; /* row_count times kind->row_size */
    size_t row_count;
};

/* done gets load->job. The caller's, until submitted; then done's. */
struct near_load *near_load_new(const struct near_kind *kind, void (*done)(struct sql_job *job),
                                void *cookie);
void near_load_free(struct near_load *load);

/* Ask for one more number; not when full. */
void near_load_add(struct near_load *load, uint64_t id);
bool near_load_is_full(const struct near_load *load);

#endif
