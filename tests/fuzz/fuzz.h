#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* What each target defines; libFuzzer (https://llvm.org/docs/LibFuzzer.html) calls it with one
 * input after the other, corpus_main.c with the files of its corpus. bytes has exactly size bytes:
 * a read beyond them is seen by AddressSanitizer. Returns 0; it aborts where a property fails. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* A property of the target. When it does not hold for this input: what was seen, then abort. */
#define EXPECT(condition, ...)                                                                     \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: property failed: %s\n  ", __FILE__, __LINE__, #condition);     \
            fprintf(stderr, __VA_ARGS__);                                                          \
            fprintf(stderr, "\n");                                                                 \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#endif
