/* Request ids and the file of their keys: the file is read as a second reader reads it, an id's tag
 * is right exactly where a second SipHash says so, and what is made here is known again.
 *
 * Input: an id in the first line, the file behind it. */
#include <inttypes.h>
#include <string.h>

#include <sodium.h>

#include "common/contract/request_id.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_text.h"

#define KEYS_MAX 8
#define WALL_MS INT64_C(1645875102123)

struct key_model {
    unsigned char bytes[KEYS_MAX][16];
    size_t count;
    bool good;
};

static int model_hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') ? (c | 0x20) - 'a' + 10 : -1;
}

/* A line of the file: comment and blanks off, then nothing or 32 digits. */
static bool model_line(struct key_model *model, const char *line, size_t len)
{
    const char *comment = memchr(line, '#', len);
    const char *end = comment != NULL ? comment : line + len;

    while (line < end && strchr(" \t\r", *line) != NULL)
        line++;
    while (end > line && strchr(" \t\r", end[-1]) != NULL)
        end--;
    if (line == end)
        return true;
    if (end - line != 32 || model->count == KEYS_MAX)
        return false;
    for (size_t i = 0; i < 32; i++) {
        int digit = model_hex(line[i]);

        if (digit < 0)
            return false;
        model->bytes[model->count][i / 2] =
            (unsigned char)(model->bytes[model->count][i / 2] << 4 | digit);
    }
    model->count++;
    return true;
}

static struct key_model model_file(const char *text)
{
    struct key_model model = {.good = true};

    while (model.good && *text != '\0') {
        size_t len = strcspn(text, "\n");

        model.good = model_line(&model, text, len);
        text += len + (text[len] == '\n');
    }
    model.good = model.good && model.count > 0;
    return model;
}

/* The 16 bytes of a lower-case UUID of version 7 or 8; false: it is none. */
static bool model_uuid(const char *text, size_t len, unsigned char uuid[16])
{
    size_t digits = 0;

    if (len != 36)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (text[i] != '-')
                return false;
            continue;
        }
        if (model_hex(text[i]) < 0 || (text[i] >= 'A' && text[i] <= 'F'))
            return false;
        uuid[digits / 2] = (unsigned char)(uuid[digits / 2] << 4 | model_hex(text[i]));
        digits++;
    }
    return (uuid[6] >> 4 == 7 || uuid[6] >> 4 == 8) && uuid[8] >> 6 == 2;
}

static uint64_t model_hash(const unsigned char key[16], const unsigned char *bytes, size_t len)
{
    unsigned char hash[8];
    uint64_t number = 0;

    crypto_shorthash(hash, bytes, len, key);
    for (size_t i = 0; i < sizeof hash; i++)
        number = number << 8 | hash[i];
    return number;
}

/* The last 22 bits are the first 22 of the hash over the rest. */
static bool model_tag(const unsigned char key[16], const unsigned char uuid[16])
{
    unsigned char bare[16];
    uint64_t seen = (uint64_t)(uuid[13] & 0x3F) << 16 | (uint64_t)uuid[14] << 8 | uuid[15];

    memcpy(bare, uuid, 16);
    bare[13] &= 0xC0;
    bare[14] = bare[15] = 0;
    return seen == model_hash(key, bare, 16) >> 42;
}

/* The 14 bits before them are the first 14 of the hash over what is before those, and the user. */
static bool model_owner(const unsigned char key[16], const unsigned char uuid[16], uint8_t user)
{
    unsigned char bare[24] = {0};
    uint64_t seen = ((uint64_t)(uuid[11] & 0xF) << 16 | (uint64_t)uuid[12] << 8 | uuid[13]) >> 6;

    memcpy(bare, uuid, 12);
    bare[11] &= 0xF0;
    bare[23] = user;
    return seen == model_hash(key, bare, 24) >> 50;
}

static enum request_id_kind model_kind(const struct key_model *model, const char *text, size_t len,
                                       uint8_t user)
{
    unsigned char uuid[16] = {0};
    enum request_id_kind kind = REQUEST_ID_FORGED;

    if (!model_uuid(text, len, uuid))
        return REQUEST_ID_FOREIGN;
    for (size_t i = 0; i < model->count; i++) {
        if (!model_tag(model->bytes[i], uuid))
            continue;
        if (user == 0 || model_owner(model->bytes[i], uuid, user))
            return REQUEST_ID_OURS;
        kind = REQUEST_ID_OTHERS;
    }
    return kind;
}

static void expect_kind(const struct request_id_keys *keys, const struct key_model *model,
                        const char *text, size_t len)
{
    for (uint8_t user = 0; user < 3; user++) {
        enum request_id_kind kind = request_id_classify(keys, text, len, user);
        enum request_id_kind expected = model_kind(model, text, len, user);

        EXPECT(kind == expected, "%.*s is of kind %d for user %d, expected %d", (int)len, text,
               (int)kind, user, (int)expected);
    }
}

/* An id made here is ours, and with any one character changed it is what the model says; not ours
 * where only the tag was changed. */
static void expect_known_again(const struct request_id_keys *keys, const struct key_model *model,
                               char id[REQUEST_ID_UUID_SIZE])
{
    EXPECT(strlen(id) == 36 && request_id_valid(id, 36), "id %s", id);
    EXPECT(request_id_classify(keys, id, 36, 1) == REQUEST_ID_OURS, "%s is not known again", id);
    expect_kind(keys, model, id, 36);
    for (size_t i = 0; i < 36; i++) {
        char kept = id[i];

        id[i] = kept == '1' ? '2' : '1';
        expect_kind(keys, model, id, 36);
        EXPECT(i < 31 || model->count > 1 ||
                   request_id_classify(keys, id, 36, 0) != REQUEST_ID_OURS,
               "%s is taken for ours", id);
        id[i] = kept;
    }
}

static void expect_made(const struct request_id_keys *keys, const struct key_model *model,
                        struct http_slice seed)
{
    struct request_id_generator generator = {
        .keys = keys, .instance = seed.len % REQUEST_ID_INSTANCES, .thread = seed.len % 64};
    char id[REQUEST_ID_UUID_SIZE], next[REQUEST_ID_UUID_SIZE];

    request_id_generate(&generator, WALL_MS, 1, id);
    request_id_generate(&generator, WALL_MS - 1, 1, next);
    EXPECT(strcmp(id, next) < 0, "%s comes before %s", next, id);
    expect_known_again(keys, model, id);
    request_id_derive(keys, 1, seed.len, seed.data, seed.len, id);
    request_id_derive(keys, 1, seed.len, seed.data, seed.len, next);
    EXPECT(strcmp(id, next) == 0, "%s and %s", id, next);
    expect_known_again(keys, model, id);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct fuzz_text text = {(const char *)bytes, (const char *)bytes + size};
    struct http_slice id = fuzz_line(&text);
    char *id_copy = fuzz_copy(id);
    char *file = fuzz_string(fuzz_rest(&text));
    struct key_model model = model_file(file);
    char error[100] = "";
    struct request_id_keys *keys = request_id_keys_parse(file, error, sizeof error);
    bool valid = request_id_valid(id_copy, id.len);

    EXPECT((keys != NULL) == model.good, "%s, expected %s", keys != NULL ? "taken" : error,
           model.good ? "taken" : "an error");
    EXPECT((keys != NULL) == (error[0] == '\0'), "error \"%s\"", error);
    for (size_t i = 0; i < id.len; i++)
        EXPECT(!valid || (id.data[i] > ' ' && strchr("\"'\\%{}:*?/<>;,", id.data[i]) == NULL),
               "%.*s is valid", (int)id.len, id.data);
    EXPECT(!valid || (id.len >= 1 && id.len <= REQUEST_ID_MAX), "an id of %zu bytes", id.len);
    if (keys != NULL) {
        expect_kind(keys, &model, id_copy, id.len);
        expect_made(keys, &model, id);
    }
    request_id_keys_free(keys);
    free(id_copy);
    free(file);
    return 0;
}
