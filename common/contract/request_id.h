#ifndef REQUEST_ID_H
#define REQUEST_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A requestId is opaque to readers: 1–64 characters of [A-Za-z0-9._-]. Our own are lower-case UUIDs
 * of RFC 9562: version 7, or version 8 when derived from an Idempotency-Key.
 *
 *   bits  48 milliseconds | 4 version 7 | 12 sequence | 2 variant | 20 instance | 6 thread |
 *         14 owner | 22 tag
 *   bits  48 hash         | 4 version 8 | 12 hash     | 2 variant | 26 hash                |
 *         14 owner | 22 tag
 *
 * owner = the first 14 bits of SipHash-2-4 over the 16 bytes with owner and tag zero and the user
 * id (8 bytes, big-endian); tag = the first 22 bits of SipHash-2-4 over the 16 bytes with a zero
 * tag. Without the key, one guess in 4 million has a right tag, and nothing is known of the owner;
 * with it, an id of another user is known as that without storage, but for one in 16 thousand: what
 * is then shown of it is that it is pending. (instance, thread, milliseconds, sequence) never
 * repeats: instance is handed out by MySQL at each start, and a generator's milliseconds never go
 * back. */
#define REQUEST_ID_MAX 64
#define REQUEST_ID_UUID_SIZE 37 /* with its NUL */
#define REQUEST_ID_INSTANCES (1u << 20)
#define REQUEST_ID_THREADS (1u << 6)

/* 1–64 characters of the allowed set. */
bool request_id_valid(const char *text, size_t len);

/* Secret keys, newest first; ids are made with the first and accepted with any. Derived ids use the
 * last, so that adding a key on top changes no answer to a retry. */
struct request_id_keys;

/* Read a key file's content: one key of 32 hexadecimal digits a line, 1 to 8 lines, '#' comments
 * and empty lines allowed. NULL: error says which line is wrong. Free with request_id_keys_free
 * (wipes). */
struct request_id_keys *request_id_keys_parse(const char *text, char *error, size_t error_size);
void request_id_keys_free(struct request_id_keys *keys);

/* Makes ids; one a thread, used by that thread only. */
struct request_id_generator {
    const struct request_id_keys *keys;
    uint32_t instance; /* < REQUEST_ID_INSTANCES */
    uint32_t thread;   /* < REQUEST_ID_THREADS */
    int64_t last_ms;
    uint32_t sequence;
};

void request_id_generate(struct request_id_generator *generator, int64_t wall_ms, uint64_t user_id,
                         char id[REQUEST_ID_UUID_SIZE]);

/* The same user, coupon and key give the same id on every gateway. */
void request_id_derive(const struct request_id_keys *keys, uint64_t user_id, uint64_t coupon_id,
                       const char *idempotency_key, size_t len, char id[REQUEST_ID_UUID_SIZE]);

/* Of one of ours: it was derived, so the same request may be tried again and again. */
bool request_id_is_derived(const char *text);

enum request_id_kind {
    REQUEST_ID_FOREIGN, /* not of our form: only storage knows it */
    REQUEST_ID_OURS,    /* a right tag: a gateway made it */
    REQUEST_ID_OTHERS,  /* a right tag: a gateway made it, and not for this user */
    REQUEST_ID_FORGED   /* our form, wrong tag: never made by a gateway */
};

/* text is a valid request id; user_id asks for it, 0: whoever it is. Compares in constant time. */
enum request_id_kind request_id_classify(const struct request_id_keys *keys, const char *text,
                                         size_t len, uint64_t user_id);

#endif
