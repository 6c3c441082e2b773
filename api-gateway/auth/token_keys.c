#include "api-gateway/auth/token_keys.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "api-gateway/auth/key_file.h"
#include "api-gateway/auth/token_jwks.h"
#include "api-gateway/auth/token_pem.h"
#include "common/base/check.h"
#include "common/contract/json.h"

struct token_keys {
    atomic_int holders;
    size_t count;
    struct token_key *keys[TOKEN_KEYS_MAX];
};

/* One --jwt-key, taken apart. */
struct named_file {
    enum token_algorithm algorithm;
    char kid[TOKEN_KID_MAX + 1];
    const char *path;
};

static bool add(void *cookie, struct token_key *key, struct strbuf *problem)
{
    struct token_keys *keys = cookie;

    for (size_t i = 0; i < keys->count; i++) {
        const char *kid = token_key_kid(keys->keys[i]);

        if (token_key_algorithm(keys->keys[i]) == token_key_algorithm(key) &&
            strcmp(kid, token_key_kid(key)) == 0) {
            strbuf_addf(problem, "there are two keys with the kid \"%s\" for one algorithm", kid);
            return false;
        }
    }
    if (keys->count == TOKEN_KEYS_MAX) {
        strbuf_addf(problem, "there are more than %d keys", TOKEN_KEYS_MAX);
        return false;
    }
    keys->keys[keys->count++] = key;
    return true;
}

static bool parse_name(const char *text, struct named_file *file, struct strbuf *problem)
{
    size_t len = strcspn(text, "=");
    size_t name_len = strcspn(text, ":=");
    size_t kid_len = len > name_len ? len - name_len - 1 : 0;

    *file = (struct named_file){0};
    if (text[len] != '=' || text[len + 1] == '\0' ||
        !token_algorithm_parse(text, name_len, &file->algorithm) || kid_len > TOKEN_KID_MAX) {
        strbuf_addf(problem, "\"%s\" is not ALG=FILE or ALG:KID=FILE with HS256, RS256 or ES256",
                    text);
        return false;
    }
    memcpy(file->kid, text + name_len + (kid_len > 0), kid_len);
    file->path = text + len + 1;
    return true;
}

/* The JWK of the secret in a file, of which one newline at the end is not a part. */
static void write_secret(const struct strbuf *content, struct strbuf *jwk)
{
    size_t len = content->len;
    size_t size;
    char *room;

    len -= len > 0 && content->data[len - 1] == '\n';
    size = sodium_base64_encoded_len(len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    strbuf_reserve(jwk, size + 16);
    strbuf_add_text(jwk, "{\"k\":\"");
    room = strbuf_reserve(jwk, size);
    sodium_bin2base64(room, size, (const unsigned char *)content->data, len,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    jwk->len += size - 1;
    strbuf_add_text(jwk, "\"}");
}

static struct token_key *make_key(const struct named_file *file, const struct strbuf *content,
                                  struct strbuf *problem)
{
    struct strbuf jwk = STRBUF_INIT;
    struct token_key *key = NULL;
    struct json_t *object;

    if (file->algorithm == TOKEN_HS256)
        write_secret(content, &jwk);
    else if (!token_pem_read(content->data, content->len, file->algorithm, &jwk, problem))
        goto end;
    CHECK(json_read_object(jwk.data, jwk.len, &object, NULL, 0) == JSON_OK, "a JWK of ours");
    key = token_key_new(file->algorithm, file->kid, object, problem);
    json_free(object);
end:
    key_file_wipe(&jwk);
    return key;
}

static bool load_file(struct token_keys *keys, const char *text, struct strbuf *problem)
{
    struct strbuf content = STRBUF_INIT;
    struct strbuf why = STRBUF_INIT;
    struct token_key *key = NULL;
    struct named_file file;
    bool good;

    if (!parse_name(text, &file, problem))
        return false;
    if (key_file_read(file.path, &content, problem)) {
        key = make_key(&file, &content, &why);
        if (!key)
            strbuf_addf(problem, "%s: %s", file.path, why.data);
    }
    good = key && add(keys, key, problem);
    if (key && !good)
        token_key_free(key);
    key_file_wipe(&content);
    strbuf_free(&why);
    return good;
}

static bool load_set(struct token_keys *keys, const char *path, struct strbuf *problem)
{
    struct strbuf content = STRBUF_INIT;
    struct strbuf why = STRBUF_INIT;
    bool good = key_file_read(path, &content, problem);

    if (good) {
        good = token_jwks_read(content.data, content.len, add, keys, &why);
        if (!good)
            strbuf_addf(problem, "%s: %s", path, why.data);
    }
    key_file_wipe(&content);
    strbuf_free(&why);
    return good;
}

struct token_keys *token_keys_load(const struct option_list *files, const char *jwks_file,
                                   struct strbuf *problem)
{
    struct token_keys *keys = calloc(1, sizeof *keys);
    bool good = true;

    CHECK(keys, "out of memory");
    atomic_init(&keys->holders, 1);
    for (size_t i = 0; good && i < files->count; i++)
        good = load_file(keys, files->items[i], problem);
    if (good && jwks_file)
        good = load_set(keys, jwks_file, problem);
    if (good)
        return keys;
    token_keys_drop(keys);
    return NULL;
}

struct token_keys *token_keys_hold(struct token_keys *keys)
{
    atomic_fetch_add(&keys->holders, 1);
    return keys;
}

void token_keys_drop(struct token_keys *keys)
{
    if (!keys || atomic_fetch_sub(&keys->holders, 1) > 1)
        return;
    for (size_t i = 0; i < keys->count; i++)
        token_key_free(keys->keys[i]);
    free(keys);
}

size_t token_keys_count(const struct token_keys *keys)
{
    return keys->count;
}

const struct token_key *token_keys_find(const struct token_keys *keys,
                                        const struct token_text *token)
{
    const struct token_key *found = NULL;

    for (size_t i = 0; i < keys->count; i++) {
        const struct token_key *key = keys->keys[i];

        if (token_key_algorithm(key) != token->algorithm)
            continue;
        if (token->has_kid && strcmp(token_key_kid(key), token->kid) == 0)
            return key;
        if (!token->has_kid && found)
            return NULL;
        if (!token->has_kid)
            found = key;
    }
    return found;
}
