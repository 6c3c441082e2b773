#include "common/contract/request_id.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "common/base/check.h"

#define KEYS_MAX 8
#define KEY_SIZE crypto_shorthash_KEYBYTES
#define UUID_BYTES 16
#define TAG_BYTES 8

#define SEQUENCES (1u << 12)
#define TAG_BITS 22
#define OWNER_BITS 14
#define TAG_MASK ((UINT64_C(1) << TAG_BITS) - 1)
#define KEYED_BITS (OWNER_BITS + TAG_BITS)
#define KEYED_MASK ((UINT64_C(1) << KEYED_BITS) - 1)
#define VARIANT (UINT64_C(2) << 62)

_Static_assert(KEY_SIZE == 16 && crypto_shorthash_BYTES == TAG_BYTES, "SipHash-2-4");
_Static_assert(KEY_SIZE >= crypto_generichash_KEYBYTES_MIN, "the key also keys BLAKE2b");

struct request_id_keys {
    size_t count;
    unsigned char keys[KEYS_MAX][KEY_SIZE];
};

bool request_id_valid(const char *text, size_t len)
{
    static const bool allowed[256] = {
        ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true,
        ['.'] = true,         ['_'] = true,         ['-'] = true,
    };
    bool valid = len >= 1 && len <= REQUEST_ID_MAX;

    for (size_t i = 0; valid && i < len; i++)
        valid = allowed[(unsigned char)text[i]];
    return valid;
}

/* The line at text without its comment and the blanks around it. Returns where the next one starts.
 */
static const char *read_line(const char *text, const char **line, size_t *len)
{
    size_t line_len = strcspn(text, "\n");
    const char *next = text + line_len + (text[line_len] == '\n');
    size_t end = strcspn(text, "\n#");
    size_t start = strspn(text, " \t\r");

    while (end > start && strchr(" \t\r", text[end - 1]) != NULL)
        end--;
    *line = text + start;
    *len = end - start;
    return next;
}

static bool read_key(const char *line, size_t len, unsigned char key[KEY_SIZE])
{
    size_t key_len = 0;

    return sodium_hex2bin(key, KEY_SIZE, line, len, NULL, &key_len, NULL) == 0 &&
           key_len == KEY_SIZE;
}

/* False: error says why. */
static bool read_keys(struct request_id_keys *keys, const char *text, char *error,
                      size_t error_size)
{
    for (unsigned number = 1; *text != '\0'; number++) {
        const char *line;
        size_t len;

        text = read_line(text, &line, &len);
        if (len == 0)
            continue;
        if (keys->count == KEYS_MAX) {
            snprintf(error, error_size, "line %u: more than %d keys", number, KEYS_MAX);
            return false;
        }
        if (!read_key(line, len, keys->keys[keys->count])) {
            snprintf(error, error_size, "line %u: a key is %d hexadecimal digits", number,
                     2 * (int)KEY_SIZE);
            return false;
        }
        keys->count++;
    }
    if (keys->count == 0)
        snprintf(error, error_size, "no key: one of %d hexadecimal digits a line is expected",
                 2 * (int)KEY_SIZE);
    return keys->count > 0;
}

struct request_id_keys *request_id_keys_parse(const char *text, char *error, size_t error_size)
{
    struct request_id_keys *keys = calloc(1, sizeof *keys);

    if (keys == NULL) {
        snprintf(error, error_size, "out of memory");
        return NULL;
    }
    if (!read_keys(keys, text, error, error_size)) {
        request_id_keys_free(keys);
        return NULL;
    }
    return keys;
}

void request_id_keys_free(struct request_id_keys *keys)
{
    if (keys == NULL)
        return;
    sodium_memzero(keys, sizeof *keys);
    free(keys);
}

/* Numbers of the UUID's two halves to bytes and back: big-endian, as RFC 9562 has it. */
static void put_u64(unsigned char bytes[8], uint64_t number)
{
    number = htobe64(number);
    memcpy(bytes, &number, sizeof number);
}

static uint64_t get_u64(const unsigned char bytes[8])
{
    uint64_t number;

    memcpy(&number, bytes, sizeof number);
    return be64toh(number);
}

static uint64_t make_tag(const unsigned char key[KEY_SIZE], uint64_t high, uint64_t low)
{
    unsigned char bytes[UUID_BYTES];
    unsigned char hash[TAG_BYTES];

    put_u64(bytes, high);
    put_u64(bytes + 8, low & ~TAG_MASK);
    crypto_shorthash(hash, bytes, sizeof bytes, key);
    return get_u64(hash) >> (64 - TAG_BITS);
}

static uint64_t make_owner(const unsigned char key[KEY_SIZE], uint64_t high, uint64_t low,
                           uint64_t user_id)
{
    unsigned char bytes[UUID_BYTES + 8];
    unsigned char hash[TAG_BYTES];

    put_u64(bytes, high);
    put_u64(bytes + 8, low & ~KEYED_MASK);
    put_u64(bytes + UUID_BYTES, user_id);
    crypto_shorthash(hash, bytes, sizeof bytes, key);
    return get_u64(hash) >> (64 - OWNER_BITS);
}

/* The low half with its keyed bits, of one that has none yet. */
static uint64_t mark(const unsigned char key[KEY_SIZE], uint64_t high, uint64_t low,
                     uint64_t user_id)
{
    low |= make_owner(key, high, low, user_id) << TAG_BITS;
    return low | make_tag(key, high, low);
}

static void write_uuid(uint64_t high, uint64_t low, char id[REQUEST_ID_UUID_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    char *at = id;

    for (int i = 0; i < 32; i++) {
        uint64_t half = i < 16 ? high : low;

        if (i == 8 || i == 12 || i == 16 || i == 20)
            *at++ = '-';
        *at++ = digits[(half >> (60 - 4 * (i % 16))) & 0xF];
    }
    *at = '\0';
}

void request_id_generate(struct request_id_generator *generator, int64_t wall_ms, uint64_t user_id,
                         char id[REQUEST_ID_UUID_SIZE])
{
    uint64_t high, low;

    CHECK(generator->instance < REQUEST_ID_INSTANCES && generator->thread < REQUEST_ID_THREADS,
          "instance %u, thread %u", generator->instance, generator->thread);
    if (wall_ms > generator->last_ms) {
        generator->last_ms = wall_ms;
        generator->sequence = 0;
    } else if (++generator->sequence == SEQUENCES) {
        generator->last_ms++;
        generator->sequence = 0;
    }
    CHECK(generator->last_ms >= 0 && generator->last_ms < INT64_C(1) << 48, "time %lld ms",
          (long long)generator->last_ms);
    high = (uint64_t)generator->last_ms << 16 | UINT64_C(7) << 12 | generator->sequence;
    low = VARIANT | (uint64_t)generator->instance << 42 | (uint64_t)generator->thread << KEYED_BITS;
    write_uuid(high, mark(generator->keys->keys[0], high, low, user_id), id);
}

void request_id_derive(const struct request_id_keys *keys, uint64_t user_id, uint64_t coupon_id,
                       const char *idempotency_key, size_t len, char id[REQUEST_ID_UUID_SIZE])
{
    const unsigned char *key = keys->keys[keys->count - 1];
    crypto_generichash_state state;
    unsigned char bytes[UUID_BYTES];
    uint64_t high, low;

    /* Two numbers of fixed size in front: no two questions have the same bytes. */
    put_u64(bytes, user_id);
    put_u64(bytes + 8, coupon_id);
    crypto_generichash_init(&state, key, KEY_SIZE, sizeof bytes);
    crypto_generichash_update(&state, bytes, sizeof bytes);
    crypto_generichash_update(&state, (const unsigned char *)idempotency_key, len);
    crypto_generichash_final(&state, bytes, sizeof bytes);

    high = (get_u64(bytes) & ~(UINT64_C(0xF) << 12)) | UINT64_C(8) << 12;
    low = VARIANT | (get_u64(bytes + 8) >> 2 & ~KEYED_MASK);
    write_uuid(high, mark(key, high, low, user_id), id);
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

/* False: not a lower-case UUID of version 7 or 8. */
static bool read_uuid(const char *text, size_t len, uint64_t *high, uint64_t *low)
{
    uint64_t halves[2] = {0, 0};
    size_t digits = 0;
    unsigned version;

    if (len != REQUEST_ID_UUID_SIZE - 1)
        return false;
    for (size_t i = 0; i < len; i++) {
        int value = hex_value(text[i]);

        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (text[i] != '-')
                return false;
            continue;
        }
        if (value < 0)
            return false;
        halves[digits / 16] = halves[digits / 16] << 4 | (uint64_t)value;
        digits++;
    }
    *high = halves[0];
    *low = halves[1];
    version = (unsigned)(*high >> 12) & 0xF;
    return (version == 7 || version == 8) && *low >> 62 == VARIANT >> 62;
}

bool request_id_is_derived(const char *text)
{
    const size_t version = 14;

    return strnlen(text, REQUEST_ID_UUID_SIZE) == REQUEST_ID_UUID_SIZE - 1 && text[version] == '8';
}

enum request_id_kind request_id_classify(const struct request_id_keys *keys, const char *text,
                                         size_t len, uint64_t user_id)
{
    uint64_t high, low, tag, owner;
    bool ours = false, owned = user_id == 0;

    if (!read_uuid(text, len, &high, &low))
        return REQUEST_ID_FOREIGN;
    tag = low & TAG_MASK;
    owner = (low & KEYED_MASK) >> TAG_BITS;
    for (size_t i = 0; i < keys->count; i++) {
        uint64_t expected_tag = make_tag(keys->keys[i], high, low);
        uint64_t expected_owner = make_owner(keys->keys[i], high, low, user_id);
        bool right = sodium_memcmp(&expected_tag, &tag, sizeof tag) == 0;

        ours |= right;
        owned |= (sodium_memcmp(&expected_owner, &owner, sizeof owner) == 0) & right;
    }
    if (!ours)
        return REQUEST_ID_FORGED;
    return owned ? REQUEST_ID_OURS : REQUEST_ID_OTHERS;
}
