#include "issue-worker/slab.h"

#include <stdalign.h>
#include <stdlib.h>

#include "common/base/check.h"

#define CHUNK_THINGS 512

struct slab_chunk {
    struct slab_chunk *next;
    alignas(max_align_t) unsigned char things[];
};

void *slab_new(struct slab *slab)
{
    struct slab_chunk **place = slab->current ? &slab->current->next : &slab->chunks;

    if (!slab->current || slab->used == CHUNK_THINGS) {
        if (!*place) {
            *place = malloc(sizeof **place + CHUNK_THINGS * slab->size);
            CHECK(*place, "out of memory");
            (*place)->next = NULL;
        }
        slab->current = *place;
        slab->used = 0;
    }
    return slab->current->things + slab->used++ * slab->size;
}

void slab_clear(struct slab *slab)
{
    slab->current = NULL;
    slab->used = 0;
}

void slab_free(struct slab *slab)
{
    struct slab_chunk *next;

    for (struct slab_chunk *chunk = slab->chunks; chunk; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    slab->chunks = NULL;
    slab_clear(slab);
}
