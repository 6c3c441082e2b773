#ifndef CACHE_LINE_H
#define CACHE_LINE_H

/* What processors move between their caches and memory, in bytes. */
#define CACHE_LINE 64

/* Ask for the memory from … to …, which is needed in a moment, without waiting for it. */
static inline void cache_prefetch(const void *from, const void *to)
{
    for (const char *at = from; at < (const char *)to; at += CACHE_LINE)
        __builtin_prefetch(at);
}

#endif
