#ifndef RANDOM_H
#define RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* The same numbers in every run (xorshift64*), so that a failure comes back. Not 0. */
static inline uint64_t random_u64(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(0x2545F4914F6CDD1D);
}

/* min…max, of all sizes alike: small numbers are as likely as large ones. */
static inline uint64_t random_between(uint64_t *state, uint64_t min, uint64_t max)
{
    uint64_t number = random_u64(state) >> (random_u64(state) % 64);

    return max - min == UINT64_MAX ? number : min + number % (max - min + 1);
}

/* One of bytes. */
static inline char random_byte(uint64_t *state, const char *bytes, size_t len)
{
    return bytes[random_u64(state) % len];
}

#endif
