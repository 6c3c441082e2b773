#ifndef HTTP_LISTENER_H
#define HTTP_LISTENER_H

#include <stdbool.h>
#include <stdint.h>

struct event_base;

/* A listening TCP socket on a loop. */
struct http_listener;

/* Listen on a numeric address. accepted(cookie, fd) gets each new connection's socket:
 * non-blocking, close-on-exec, without Nagle's delay, the callee's to close. NULL with errno set:
 * can't listen. */
struct http_listener *http_listener_new(struct event_base *base, const char *host, uint16_t port,
                                        bool reuse_port, void (*accepted)(void *cookie, int fd),
                                        void *cookie);

uint16_t http_listener_port(const struct http_listener *listener);

/* Stop accepting for a while; the kernel keeps newcomers waiting. May be called from accepted. */
void http_listener_pause(struct http_listener *listener);
void http_listener_resume(struct http_listener *listener);

/* Accept what the kernel has ready, up to a pause. */
void http_listener_accept(struct http_listener *listener);

/* Close the socket. listener may be NULL. */
void http_listener_free(struct http_listener *listener);

#endif
