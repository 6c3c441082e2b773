#ifndef CONTAINER_OF_H
#define CONTAINER_OF_H

#include <stddef.h>

/* The struct of that type whose member pointer points to. */
#define CONTAINER_OF(pointer, type, member)                                                        \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#endif
