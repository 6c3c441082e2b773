#include "common/base/option_secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "common/base/option_value.h"

#define SECRET_MAX_BYTES 65536

/* Reads until the end or one byte past the limit. Returns an errno, 0 for success. */
static int read_file(int file, struct strbuf *content)
{
    while (content->len <= SECRET_MAX_BYTES) {
        size_t room = SECRET_MAX_BYTES + 1 - content->len;
        ssize_t got = read(file, strbuf_reserve(content, room), room);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return errno;
        if (got == 0)
            break;
        content->len += (size_t)got;
    }
    strbuf_reserve(content, 0)[0] = '\0';
    return 0;
}

static const char *keep_secret(const char *path, const struct strbuf *content,
                               struct strbuf *problem)
{
    size_t len = content->len;

    if (len > SECRET_MAX_BYTES) {
        strbuf_addf(problem, "%s is larger than %d bytes", path, SECRET_MAX_BYTES);
        return NULL;
    }
    if (len > 0 && content->data[len - 1] == '\n')
        len--;
    if (len == 0) {
        strbuf_addf(problem, "%s is empty", path);
        return NULL;
    }
    if (memchr(content->data, '\0', len) != NULL) {
        strbuf_addf(problem, "%s holds a NUL byte", path);
        return NULL;
    }
    return option_value_keep(content->data, len);
}

void option_secret_wipe(const char **secret)
{
    if (*secret != NULL)
        explicit_bzero((char *)(uintptr_t)*secret, strlen(*secret));
    *secret = NULL;
}

const char *option_secret_read(const char *path, struct strbuf *problem)
{
    struct strbuf content = STRBUF_INIT;
    const char *secret = NULL;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    int error;

    if (file < 0) {
        strbuf_addf(problem, "cannot open %s: %s", path, strerror(errno));
        return NULL;
    }
    error = read_file(file, &content);
    close(file);
    if (error != 0)
        strbuf_addf(problem, "cannot read %s: %s", path, strerror(error));
    else
        secret = keep_secret(path, &content, problem);
    if (content.data != NULL)
        explicit_bzero(content.data, content.capacity);
    strbuf_free(&content);
    return secret;
}
