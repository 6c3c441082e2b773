#ifndef SPARES_H
#define SPARES_H

#include <stddef.h>

struct spare;

/* Blocks of one size that come and go by the thousand: those that are given back are kept for the
 * next ones, up to a number. One thread only. Begin with {.size = …, .keep_max = …}. With
 * AddressSanitizer nothing is kept, so that it sees what is used after it was given back. */
struct spares {
    size_t size; /* at least a pointer's */
    size_t keep_max;
    size_t kept;
    struct spare *first;
};

/* A block of zeros, to be given back or freed. */
void *spares_take(struct spares *spares);

void spares_give(struct spares *spares, void *block);

/* Free what is kept. */
void spares_free(struct spares *spares);

#endif
