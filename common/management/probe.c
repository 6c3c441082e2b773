#include "common/management/probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"

#define ANSWER_MAX (64 << 10)

struct address probe_address(const struct address *listen)
{
    struct address address = *listen;

    if (strcmp(address.host, "0.0.0.0") == 0)
        snprintf(address.host, sizeof address.host, "127.0.0.1");
    else if (strcmp(address.host, "::") == 0)
        snprintf(address.host, sizeof address.host, "::1");
    return address;
}

/* A connected socket on which no step takes longer; -1 with errno. */
static int open_connection(const struct address *address, int64_t timeout_ms)
{
    const struct timeval patience = {timeout_ms / 1000, timeout_ms % 1000 * 1000};
    struct sockaddr_in six_less = {.sin_family = AF_INET, .sin_port = htons(address->port)};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(address->port)};
    bool is_six = inet_pton(AF_INET6, address->host, &six.sin6_addr) == 1;
    const struct sockaddr *to = is_six ? (struct sockaddr *)&six : (struct sockaddr *)&six_less;
    socklen_t len = is_six ? sizeof six : sizeof six_less;
    int fd;

    if (!is_six)
        inet_pton(AF_INET, address->host, &six_less.sin_addr);
    fd = socket(to->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    /* SO_SNDTIMEO bounds connect too; past it errno is EINPROGRESS. */
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(fd, to, len) != 0) {
        int error = errno == EINPROGRESS ? ETIMEDOUT : errno;

        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

static bool send_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(fd, data, len, MSG_NOSIGNAL);

        if (sent <= 0)
            return false;
        data += sent;
        len -= (size_t)sent;
    }
    return true;
}

/* Until the other side closes, or deadline_us passes. False: an error, errno says which. */
static bool receive_all(int fd, struct strbuf *answer, int64_t deadline_us)
{
    char piece[4096];

    while (answer->len < ANSWER_MAX) {
        ssize_t got = recv(fd, piece, sizeof piece, 0);

        if (got == 0)
            return true;
        if (got < 0)
            return false;
        strbuf_add(answer, piece, (size_t)got);
        if (clock_monotonic_us() > deadline_us) {
            errno = ETIMEDOUT;
            return false;
        }
    }
    return true;
}

unsigned probe_read_answer(const char *answer, const char **body)
{
    const char *end = strstr(answer, "\r\n\r\n");
    unsigned status = 0;

    *body = "";
    if (!end || strncmp(answer, "HTTP/1.1 ", 9) != 0)
        return 0;
    for (int i = 9; i < 12; i++) {
        if (answer[i] < '0' || answer[i] > '9')
            return 0;
        status = status * 10 + (unsigned)(answer[i] - '0');
    }
    *body = end + 4;
    return answer[12] == ' ' && status >= 100 ? status : 0;
}

unsigned probe_ask(const struct address *address, const char *path, int64_t timeout_ms,
                   struct strbuf *said)
{
    int64_t deadline_us = clock_monotonic_us() + timeout_ms * 1000;
    struct strbuf question = STRBUF_INIT, answer = STRBUF_INIT;
    int fd = open_connection(address, timeout_ms);
    const char *body;
    unsigned status = 0;

    strbuf_addf(&question, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path);
    if (fd < 0 || !send_all(fd, question.data, question.len) ||
        !receive_all(fd, &answer, deadline_us)) {
        bool late = errno == EAGAIN || errno == ETIMEDOUT;

        strbuf_add_text(said, late ? "no answer in time" : strerror(errno));
    } else if (answer.len == 0 || (status = probe_read_answer(answer.data, &body)) == 0) {
        strbuf_add_text(said, "the answer is not HTTP/1.1");
    } else {
        strbuf_add_text(said, body);
    }
    if (fd >= 0)
        close(fd);
    strbuf_free(&question);
    strbuf_free(&answer);
    return status;
}
