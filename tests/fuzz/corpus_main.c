/* Runs a fuzz target on files: those named on the command line, or all of its corpus. Each file is
 * a test of its own, reported in TAP; a property that fails ends the process at that file. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/strbuf.h"
#include "tests/fuzz/fuzz.h"

#define CORPUS "tests/fuzz/corpus"

static _Noreturn void stop(const char *path)
{
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    exit(2);
}

static int is_file(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void run_file(const char *path, int number)
{
    FILE *file = fopen(path, "rb");
    struct stat status;
    uint8_t *bytes;
    size_t size;

    if (file == NULL || fstat(fileno(file), &status) != 0)
        stop(path);
    size = (size_t)status.st_size;
    bytes = malloc(size);
    if ((bytes == NULL && size > 0) || fread(bytes, 1, size, file) != size)
        stop(path);
    fclose(file);
    printf("# %s\n", path);
    fflush(stdout);
    LLVMFuzzerTestOneInput(bytes, size);
    free(bytes);
    printf("ok %d - %s\n", number, strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path);
    fflush(stdout);
}

/* tests/fuzz/corpus/http_reader for http_reader_fuzz. */
static void run_corpus(const char *program)
{
    const char *name = strrchr(program, '/') != NULL ? strrchr(program, '/') + 1 : program;
    struct strbuf directory = STRBUF_INIT;
    struct strbuf path = STRBUF_INIT;
    struct dirent **entries;
    int count;

    strbuf_addf(&directory, CORPUS "/%.*s", (int)(strlen(name) - strlen("_fuzz")), name);
    count = scandir(directory.data, &entries, is_file, alphasort);
    if (count < 0)
        stop(directory.data);
    printf("1..%d\n", count);
    for (int i = 0; i < count; i++) {
        strbuf_clear(&path);
        strbuf_addf(&path, "%s/%s", directory.data, entries[i]->d_name);
        run_file(path.data, i + 1);
        free(entries[i]);
    }
    free(entries);
    strbuf_free(&directory);
    strbuf_free(&path);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        run_file(argv[i], i);
    if (argc == 1)
        run_corpus(argv[0]);
    return 0;
}
