#include "api-gateway/auth/token_key.h"

#include <stdlib.h>
#include <string.h>

#include <cjose/cjose.h>
#include <sodium.h>

#include "common/base/check.h"
#include "common/contract/json.h"

#define NUMBER_MAX 1024 /* bytes of an RSA modulus of 8192 bits */
#define RSA_BYTES_MIN 256
#define SECRET_BYTES_MIN 32
#define P256_BYTES 32

struct token_key {
    enum token_algorithm algorithm;
    size_t signature_len;
    cjose_jwk_t *jwk;
    char kid[TOKEN_KID_MAX + 1];
};

/* A member in canonical base64url; bytes of it are left in bytes. */
static bool read_bytes(const struct json_t *jwk, const char *name, unsigned char bytes[NUMBER_MAX],
                       size_t *bytes_len)
{
    const char *text;
    size_t len;

    return json_get_text(jwk, name, &text, &len) == JSON_FIELD_PRESENT &&
           sodium_base642bin(bytes, NUMBER_MAX, text, len, NULL, bytes_len, NULL,
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0;
}

static cjose_jwk_t *refuse(struct strbuf *problem, const char *what)
{
    strbuf_add_text(problem, what);
    return NULL;
}

static cjose_jwk_t *read_rsa(const struct json_t *jwk, size_t *signature_len,
                             struct strbuf *problem)
{
    unsigned char n[NUMBER_MAX], e[NUMBER_MAX];
    cjose_jwk_rsa_keyspec spec = {.n = n, .e = e};
    cjose_err error;

    if (!read_bytes(jwk, "n", n, &spec.nlen) || spec.nlen < RSA_BYTES_MIN || n[0] == 0)
        return refuse(problem, "an RSA key has a modulus n of 2048 to 8192 bits");
    if (!read_bytes(jwk, "e", e, &spec.elen) || spec.elen == 0 || spec.elen > 4 ||
        (spec.elen == 1 && e[0] < 3) || e[0] == 0 || e[spec.elen - 1] % 2 == 0)
        return refuse(problem, "an RSA key has an odd exponent e of up to 4 bytes");
    *signature_len = spec.nlen;
    return cjose_jwk_create_RSA_spec(&spec, &error);
}

static cjose_jwk_t *read_ec(const struct json_t *jwk, size_t *signature_len, struct strbuf *problem)
{
    unsigned char x[NUMBER_MAX], y[NUMBER_MAX];
    cjose_jwk_ec_keyspec spec = {.crv = CJOSE_JWK_EC_P_256, .x = x, .y = y};
    cjose_jwk_t *key;
    cjose_err error;

    if (!read_bytes(jwk, "x", x, &spec.xlen) || !read_bytes(jwk, "y", y, &spec.ylen) ||
        spec.xlen != P256_BYTES || spec.ylen != P256_BYTES)
        return refuse(problem, "a P-256 key has x and y of 32 bytes each");
    *signature_len = 2 * P256_BYTES;
    key = cjose_jwk_create_EC_spec(&spec, &error);
    return key ? key : refuse(problem, "x and y are no point of P-256");
}

static cjose_jwk_t *read_secret(const struct json_t *jwk, size_t *signature_len,
                                struct strbuf *problem)
{
    unsigned char secret[NUMBER_MAX];
    size_t len;
    cjose_jwk_t *key;
    cjose_err error;

    if (!read_bytes(jwk, "k", secret, &len) || len < SECRET_BYTES_MIN)
        return refuse(problem, "a secret for HS256 has 32 to 1024 bytes");
    *signature_len = crypto_hash_sha256_BYTES;
    key = cjose_jwk_create_oct_spec(secret, len, &error);
    sodium_memzero(secret, sizeof secret);
    return key;
}

static cjose_jwk_t *read_key(enum token_algorithm algorithm, const struct json_t *jwk,
                             size_t *signature_len, struct strbuf *problem)
{
    switch (algorithm) {
    case TOKEN_HS256:
        return read_secret(jwk, signature_len, problem);
    case TOKEN_RS256:
        return read_rsa(jwk, signature_len, problem);
    case TOKEN_ES256:
        break;
    }
    return read_ec(jwk, signature_len, problem);
}

struct token_key *token_key_new(enum token_algorithm algorithm, const char *kid,
                                const struct json_t *jwk, struct strbuf *problem)
{
    size_t before = problem->len;
    struct token_key *key;

    if (strlen(kid) > TOKEN_KID_MAX) {
        strbuf_addf(problem, "a kid has at most %d bytes", TOKEN_KID_MAX);
        return NULL;
    }
    key = calloc(1, sizeof *key);
    CHECK(key, "out of memory");
    key->algorithm = algorithm;
    memcpy(key->kid, kid, strlen(kid));
    key->jwk = read_key(algorithm, jwk, &key->signature_len, problem);
    if (key->jwk)
        return key;
    if (problem->len == before)
        strbuf_add_text(problem, "cjose does not take it");
    free(key);
    return NULL;
}

void token_key_free(struct token_key *key)
{
    if (!key)
        return;
    cjose_jwk_release(key->jwk);
    free(key);
}

enum token_algorithm token_key_algorithm(const struct token_key *key)
{
    return key->algorithm;
}

const char *token_key_kid(const struct token_key *key)
{
    return key->kid;
}

/* cjose before 0.7.1 takes the algorithm from the token before it looks at the kind of key, and
 * reads a key of another kind as a secret; before 0.6.3 it also takes ES256 signatures of other
 * lengths. Hence no token comes this far whose algorithm and signature length are not the key's. */
bool token_key_verify(const struct token_key *key, const struct token_text *token)
{
    cjose_err error;
    cjose_jws_t *jws;
    bool right;

    CHECK(key->algorithm == token->algorithm, "a key for %s", token_algorithm_name(key->algorithm));
    if (token->signature_len != key->signature_len)
        return false;
    jws = cjose_jws_import(token->text, token->len, &error);
    if (!jws)
        return false;
    right = cjose_jws_verify(jws, key->jwk, &error);
    cjose_jws_release(jws);
    return right;
}
