#ifndef CHECK_H
#define CHECK_H

/* An invariant that stays checked in production: when it does not hold, one log line with the
 * condition, the place and the text, then abort(). Never for input, and never with side effects. */
#define CHECK(condition, ...)                                                                      \
    do {                                                                                           \
        if (__builtin_expect(!(condition), 0))                                                     \
            check_failed(#condition, __FILE__, __LINE__, __VA_ARGS__);                             \
    } while (0)

_Noreturn void check_failed(const char *condition, const char *file, int line, const char *format,
                            ...) __attribute__((format(printf, 4, 5)));

#endif
