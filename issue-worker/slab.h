#ifndef SLAB_H
#define SLAB_H

#include <stddef.h>

/* Memory for many small things of one size that are forgotten all at once. Things keep their place.
 * Zero-initialise but for the size. */
struct slab {
    size_t size;
    struct slab_chunk *chunks; /* in order of use */
    struct slab_chunk *current;
    size_t used; /* of current */
};

/* A new thing; its bytes are not initialised. Running out of memory ends the process. */
void *slab_new(struct slab *slab);

/* Forget all things, keep the memory; give the memory back. */
void slab_clear(struct slab *slab);
void slab_free(struct slab *slab);

#endif
