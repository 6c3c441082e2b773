/* Key files and key sets: what is for us is taken, what is for others passed over, and what is
 * broken is named, without showing anything of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "api-gateway/auth/token_keys.h"
#include "tests/unit/token_world.h"

#define K32 "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"
#define OCT "{\"kty\":\"oct\",\"kid\":\"a\",\"k\":\"" K32 "\"}"
/* The example key of RFC 7517 appendix A.1. */
#define P256                                                                                       \
    "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4\","      \
    "\"y\":\"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM\""

static char path[] = "/tmp/token-keys-XXXXXX";
static struct strbuf problem;

static struct token_keys *load(const char *item, const char *set)
{
    struct option_list files = {.items = {item}, .count = item ? 1 : 0};

    strbuf_clear(&problem);
    return token_keys_load(&files, set, &problem);
}

static struct token_keys *load_set(const char *text)
{
    write_file(path, text, strlen(text));
    return load(NULL, path);
}

static void a_set_is_read(void **state)
{
    static const struct {
        const char *text;
        size_t count;
    } rows[] = {
        {"{\"keys\":[" OCT "]}", 1},
        {"{\"keys\":[{" P256 "}," OCT "],\"more\":1}", 2},
        {"{\"keys\":[{" P256 ",\"kid\":\"a\",\"use\":\"sig\",\"alg\":\"ES256\","
         "\"key_ops\":[\"sign\",\"verify\"],\"d\":\"ignored\"}," OCT "]}",
         2},
        {"{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA\"}," OCT "]}", 1},
        {"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-384\"}," OCT "]}", 1},
        {"{\"keys\":[{" P256 ",\"use\":\"enc\"}," OCT "]}", 1},
        {"{\"keys\":[{" P256 ",\"alg\":\"ECDH-ES\"}," OCT "]}", 1},
        {"{\"keys\":[{\"kty\":\"RSA\",\"alg\":\"PS256\"}," OCT "]}", 1},
        {"{\"keys\":[{" P256 ",\"key_ops\":[\"deriveKey\"]}," OCT "]}", 1},
        {"{\"keys\":[{\"kty\":7}," OCT "]}", 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct token_keys *keys = load_set(rows[i].text);

        if (!keys || token_keys_count(keys) != rows[i].count)
            fail_msg("%s: expected %zu keys, saw %s", rows[i].text, rows[i].count,
                     keys ? "others" : problem.data);
        token_keys_drop(keys);
    }
}

static void a_broken_set_is_named(void **state)
{
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"", "empty"},
        {"x", "not a JWK Set"},
        {"[]", "not a JWK Set"},
        {OCT, "no array"},
        {"{\"keys\":{}}", "no array"},
        {"{\"keys\":[]}", "no key"},
        {"{\"keys\":[{\"kty\":\"OKP\"}]}", "no key"},
        {"{\"keys\":[7]}", "key 1: it is not an object"},
        {"{\"keys\":[" OCT ",{\"kty\":\"oct\",\"k\":\"c2hvcnQ\"}]}", "key 2: a secret"},
        {"{\"keys\":[{\"kty\":\"oct\",\"k\":\"" K32 "=\"}]}", "key 1: a secret"},
        {"{\"keys\":[{\"kty\":\"oct\"}]}", "key 1: a secret"},
        {"{\"keys\":[" OCT "," OCT "]}", "two keys"},
        {"{\"keys\":[{\"kty\":\"oct\",\"kid\":1,\"k\":\"" K32 "\"}]}", "kid"},
        {"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}]}", "32 bytes"},
        {"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" K32 "\",\"y\":\"" K32 "\"}]}",
         "no point"},
        {"{\"keys\":[{\"kty\":\"RSA\",\"n\":\"" K32 "\",\"e\":\"AQAB\"}]}", "2048"},
        {"{\"keys\":[{\"kty\":\"oct\",\"k\":\"a\",\"k\":\"b\"}]}", "twice"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (load_set(rows[i].text))
            fail_msg("%s was taken", rows[i].text);
        if (!strstr(problem.data, rows[i].says) || !strstr(problem.data, path) ||
            strstr(problem.data, "MDEy") || strstr(problem.data, "c2hv"))
            fail_msg("%s: it says \"%s\"", rows[i].text, problem.data);
    }
}

static void too_many_keys_are_refused(void **state)
{
    struct strbuf text = STRBUF_INIT;

    (void)state;
    for (int count = TOKEN_KEYS_MAX; count <= TOKEN_KEYS_MAX + 1; count++) {
        struct token_keys *keys;

        strbuf_clear(&text);
        strbuf_add_text(&text, "{\"keys\":[");
        for (int i = 0; i < count; i++)
            strbuf_addf(&text, "%s{\"kty\":\"oct\",\"kid\":\"%d\",\"k\":\"" K32 "\"}", i ? "," : "",
                        i);
        strbuf_add_text(&text, "]}");
        keys = load_set(text.data);
        assert_int_equal(keys != NULL, count == TOKEN_KEYS_MAX);
        token_keys_drop(keys);
    }
    assert_non_null(strstr(problem.data, "more than 32"));
    strbuf_free(&text);
}

static void a_key_file_has_one_algorithm(void **state)
{
    static const struct {
        const char *prefix;
        enum signer key; /* SIGN_NOT: the secret is in the file */
        const char *says;
    } rows[] = {
        {"RS256=", SIGN_RS256, NULL},
        {"RS256:k=", SIGN_RS256, NULL},
        {"RS256:https://issuer.example/k:1=", SIGN_RS256, NULL},
        {"ES256=", SIGN_ES256, NULL},
        {"HS256:=", SIGN_NOT, NULL},
        {"ES256=", SIGN_RS256, "none for ES256"},
        {"RS256=", SIGN_ES256, "none for RS256"},
        {"RS256=", SIGN_NOT, "no public key"},
        {"rs256=", SIGN_RS256, "ALG=FILE"},
        {"RS512=", SIGN_RS256, "ALG=FILE"},
        {"none=", SIGN_RS256, "ALG=FILE"},
        {"=", SIGN_RS256, "ALG=FILE"},
        {"", SIGN_RS256, "ALG=FILE"},
    };
    char item[200];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct token_keys *keys;

        if (rows[i].key == SIGN_NOT)
            write_file(path, SECRET, strlen(SECRET));
        else
            write_public_key(path, issuer_key(rows[i].key));
        snprintf(item, sizeof item, "%s%s", rows[i].prefix, path);
        keys = load(item, NULL);
        if ((keys == NULL) != (rows[i].says != NULL) ||
            (!keys && !strstr(problem.data, rows[i].says)))
            fail_msg("%s: saw \"%s\"", item, keys ? "taken" : problem.data);
        token_keys_drop(keys);
    }
    assert_null(load("RS256=", NULL));
    assert_null(load("RS256", NULL));
    assert_null(load("RS256=/nowhere/at/all", NULL));
    assert_non_null(strstr(problem.data, "/nowhere/at/all"));
}

static void a_private_key_is_not_wanted(void **state)
{
    FILE *file = fopen(path, "w");
    char item[100];

    (void)state;
    assert_int_equal(PEM_write_PrivateKey(file, issuer_key(SIGN_RS256), NULL, NULL, 0, NULL, NULL),
                     1);
    fclose(file);
    snprintf(item, sizeof item, "RS256=%s", path);
    assert_null(load(item, NULL));
    assert_non_null(strstr(problem.data, "no public key"));
}

static void a_weak_rsa_key_is_refused(void **state)
{
    EVP_PKEY *weak = EVP_RSA_gen(1024);
    char item[100];

    (void)state;
    write_public_key(path, weak);
    EVP_PKEY_free(weak);
    snprintf(item, sizeof item, "RS256=%s", path);
    assert_null(load(item, NULL));
    assert_non_null(strstr(problem.data, "2048"));
}

static void without_a_kid_there_is_no_choice(void **state)
{
    struct token_text token = {.algorithm = TOKEN_HS256};
    struct token_keys *keys = load_set("{\"keys\":[" OCT ",{" P256 "}]}");

    (void)state;
    assert_non_null(token_keys_find(keys, &token));
    token_keys_drop(keys);
    keys = load_set("{\"keys\":[" OCT ",{\"kty\":\"oct\",\"kid\":\"b\",\"k\":\"" K32 "\"}]}");
    assert_null(token_keys_find(keys, &token));
    token.has_kid = true;
    strcpy(token.kid, "b");
    assert_string_equal(token_key_kid(token_keys_find(keys, &token)), "b");
    strcpy(token.kid, "B");
    assert_null(token_keys_find(keys, &token));
    token_keys_drop(keys);
}

static int make_file(void **state)
{
    int file = mkstemp(path);

    (void)state;
    close(file);
    return file < 0;
}

static int remove_file(void **state)
{
    (void)state;
    strbuf_free(&problem);
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_set_is_read),
        cmocka_unit_test(a_broken_set_is_named),
        cmocka_unit_test(too_many_keys_are_refused),
        cmocka_unit_test(a_key_file_has_one_algorithm),
        cmocka_unit_test(a_private_key_is_not_wanted),
        cmocka_unit_test(a_weak_rsa_key_is_refused),
        cmocka_unit_test(without_a_kid_there_is_no_choice),
    };

    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, make_file, remove_file);
}
