#ifndef TOKEN_WORLD_H
#define TOKEN_WORLD_H

/* An issuer of tokens with keys of its own, good ones and odd ones: signs by OpenSSL and libsodium,
 * not by what is under test. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <sodium.h>

#define TOKEN_WORLD_MAX 16384
#define SECRET "0123456789abcdef0123456789abcdef"

enum signer { SIGN_HS256, SIGN_RS256, SIGN_ES256, SIGN_NOT };

static inline size_t to_base64url(char *out, const void *bytes, size_t len)
{
    const int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;

    sodium_bin2base64(out, sodium_base64_encoded_len(len, variant), bytes, len, variant);
    return strlen(out);
}

/* The private key of kind "RSA" or "EC", made once. */
static inline EVP_PKEY *issuer_key(enum signer signer)
{
    static EVP_PKEY *keys[2];
    EVP_PKEY **key = &keys[signer == SIGN_ES256];

    if (!*key)
        *key = signer == SIGN_ES256 ? EVP_EC_gen("P-256") : EVP_RSA_gen(2048);
    if (!*key)
        abort();
    return *key;
}

/* The signature of text, as a JWS has it. */
static inline size_t sign_bytes(enum signer signer, EVP_PKEY *key, const char *secret,
                                const char *text, unsigned char signature[1024])
{
    EVP_MD_CTX *context;
    const unsigned char *at = signature;
    ECDSA_SIG *pair;
    size_t len = 1024;

    if (signer == SIGN_NOT)
        return 0;
    if (signer == SIGN_HS256) {
        crypto_auth_hmacsha256_state state;

        crypto_auth_hmacsha256_init(&state, (const unsigned char *)secret, strlen(secret));
        crypto_auth_hmacsha256_update(&state, (const unsigned char *)text, strlen(text));
        crypto_auth_hmacsha256_final(&state, signature);
        return 32;
    }
    context = EVP_MD_CTX_new();
    if (EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) != 1 ||
        EVP_DigestSign(context, signature, &len, (const unsigned char *)text, strlen(text)) != 1)
        abort();
    EVP_MD_CTX_free(context);
    if (signer == SIGN_RS256)
        return len;
    pair = d2i_ECDSA_SIG(NULL, &at, (long)len);
    BN_bn2binpad(ECDSA_SIG_get0_r(pair), signature, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(pair), signature + 32, 32);
    ECDSA_SIG_free(pair);
    return 64;
}

/* A token of these two JSON texts; valid until the next but three. */
static inline const char *make_token(enum signer signer, const char *header, const char *payload)
{
    static char tokens[4][3 * TOKEN_WORLD_MAX];
    static unsigned turn;
    char *token = tokens[turn++ % 4];
    unsigned char signature[1024];
    size_t len = to_base64url(token, header, strlen(header));

    token[len++] = '.';
    len += to_base64url(token + len, payload, strlen(payload));
    to_base64url(token + len + 1, signature,
                 sign_bytes(signer, signer == SIGN_NOT ? NULL : issuer_key(signer), SECRET, token,
                            signature));
    token[len] = '.';
    return token;
}

/* A file of its own with these bytes. */
static inline void write_file(const char *path, const char *bytes, size_t len)
{
    FILE *file = fopen(path, "w");

    if (!file || fwrite(bytes, 1, len, file) != len || fclose(file) != 0)
        abort();
}

static inline void write_public_key(const char *path, EVP_PKEY *key)
{
    FILE *file = fopen(path, "w");

    if (!file || PEM_write_PUBKEY(file, key) != 1 || fclose(file) != 0)
        abort();
}

#endif
