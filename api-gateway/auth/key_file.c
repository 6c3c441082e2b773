#include "api-gateway/auth/key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX_BYTES 65536

/* At once in its full size, so that no copy is left behind by growing. */
static bool read_all(int file, struct strbuf *content)
{
    char *room = strbuf_reserve(content, FILE_MAX_BYTES + 1);
    size_t len = 0;

    while (len <= FILE_MAX_BYTES) {
        ssize_t got = read(file, room + len, FILE_MAX_BYTES + 1 - len);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return false;
        if (got == 0)
            break;
        len += (size_t)got;
    }
    room[len] = '\0';
    content->len += len;
    return true;
}

bool key_file_read(const char *path, struct strbuf *content, struct strbuf *problem)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    bool read;

    if (file < 0) {
        strbuf_addf(problem, "cannot open %s: %s", path, strerror(errno));
        return false;
    }
    read = read_all(file, content);
    if (!read)
        strbuf_addf(problem, "cannot read %s: %s", path, strerror(errno));
    close(file);
    if (read && content->len > FILE_MAX_BYTES) {
        strbuf_addf(problem, "%s is larger than %d bytes", path, FILE_MAX_BYTES);
        return false;
    }
    return read;
}

void key_file_wipe(struct strbuf *content)
{
    if (content->data)
        explicit_bzero(content->data, content->capacity);
    strbuf_free(content);
}
