#include "common/base/spares.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"

#ifdef __SANITIZE_ADDRESS__
#define KEEPS false
#else
#define KEEPS true
#endif

struct spare {
    struct spare *next;
};

void *spares_take(struct spares *spares)
{
    struct spare *block = spares->first;

    if (!block) {
        block = calloc(1, spares->size);
        CHECK(block, "out of memory for %zu bytes", spares->size);
        return block;
    }
    spares->first = block->next;
    spares->kept--;
    return memset(block, 0, spares->size);
}

void spares_give(struct spares *spares, void *block)
{
    struct spare *spare = block;

    if (!KEEPS || spares->kept == spares->keep_max) {
        free(block);
        return;
    }
    spare->next = spares->first;
    spares->first = spare;
    spares->kept++;
}

void spares_free(struct spares *spares)
{
    struct spare *block;

    while ((block = spares->first)) {
        spares->first = block->next;
        free(block);
    }
    spares->kept = 0;
}
