#ifndef CLOCK_FAKE_H
#define CLOCK_FAKE_H

#include <stdint.h>

/* The monotonic clock stands still until a test puts it forward; the linker puts this in the place
 * of the real one (--wrap, in the Makefile). libevent's timers go on as ever. */
static int64_t clock_fake_us = 1000000000;

int64_t __wrap_clock_monotonic_us(void);
int64_t __wrap_clock_monotonic_us(void)
{
    return clock_fake_us;
}

#endif
