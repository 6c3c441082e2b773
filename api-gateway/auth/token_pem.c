#include "api-gateway/auth/token_pem.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sodium.h>

#include "common/base/check.h"

#define NUMBER_MAX 1024
#define BASE64_MAX sodium_base64_ENCODED_LEN(NUMBER_MAX, sodium_base64_VARIANT_URLSAFE_NO_PADDING)

static EVP_PKEY *read_pem(const char *pem, size_t len)
{
    BIO *memory = BIO_new_mem_buf(pem, (int)len);
    EVP_PKEY *key;

    CHECK(memory, "out of memory");
    key = PEM_read_bio_PUBKEY(memory, NULL, NULL, NULL);
    BIO_free(memory);
    ERR_clear_error();
    return key;
}

/* Append one number as a member; size: its bytes, or 0: as few as it needs. */
static bool add_number(const EVP_PKEY *key, const char *parameter, const char *name, int size,
                       struct strbuf *jwk)
{
    unsigned char bytes[NUMBER_MAX];
    char text[BASE64_MAX];
    BIGNUM *number = NULL;
    int len = -1;

    if (!EVP_PKEY_get_bn_param(key, parameter, &number))
        return false;
    if (BN_num_bytes(number) <= NUMBER_MAX)
        len = BN_bn2binpad(number, bytes, size ? size : BN_num_bytes(number));
    BN_free(number);
    if (len <= 0)
        return false;
    sodium_bin2base64(text, sizeof text, bytes, (size_t)len,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    strbuf_addf(jwk, "%s\"%s\":\"%s\"", jwk->data[jwk->len - 1] == '{' ? "" : ",", name, text);
    return true;
}

static bool write_jwk(const EVP_PKEY *key, enum token_algorithm algorithm, struct strbuf *jwk)
{
    char curve[32] = "";
    bool good;

    strbuf_add_text(jwk, "{");
    if (algorithm == TOKEN_RS256) {
        good = EVP_PKEY_is_a(key, "RSA") && add_number(key, OSSL_PKEY_PARAM_RSA_N, "n", 0, jwk) &&
               add_number(key, OSSL_PKEY_PARAM_RSA_E, "e", 0, jwk);
    } else {
        good = EVP_PKEY_is_a(key, "EC") &&
               EVP_PKEY_get_group_name(key, curve, sizeof curve, NULL) &&
               strcmp(curve, "prime256v1") == 0 &&
               add_number(key, OSSL_PKEY_PARAM_EC_PUB_X, "x", 32, jwk) &&
               add_number(key, OSSL_PKEY_PARAM_EC_PUB_Y, "y", 32, jwk);
    }
    strbuf_add_text(jwk, "}");
    return good;
}

bool token_pem_read(const char *pem, size_t len, enum token_algorithm algorithm, struct strbuf *jwk,
                    struct strbuf *problem)
{
    EVP_PKEY *key = read_pem(pem, len);
    bool good;

    if (!key) {
        strbuf_add_text(problem, "it holds no public key in PEM (BEGIN PUBLIC KEY)");
        return false;
    }
    good = write_jwk(key, algorithm, jwk);
    if (!good)
        strbuf_addf(problem, "its key is none for %s", token_algorithm_name(algorithm));
    EVP_PKEY_free(key);
    return good;
}
