#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

/* Microseconds on a clock that only goes forward: for timers, deadlines and durations. */
int64_t clock_monotonic_us(void);

/* Milliseconds since 1970-01-01T00:00:00Z: for what is written down and compared across machines.
 */
int64_t clock_wall_ms(void);

#endif
