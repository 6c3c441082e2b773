/* Only a token signed by a key of ours, with the algorithm that the key is for, tells whose it is;
 * keys are changed for others between two requests, and bad ones change nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "api-gateway/auth/token_checker.h"
#include "common/metrics/metrics.h"
#include "tests/unit/token_world.h"

#define NOW INT64_C(1700000000000)
#define PAYLOAD "{\"iss\":\"me\",\"aud\":\"shop\",\"sub\":\"16\",\"exp\":1700000100}"
#define HEADER(alg, kid) "{\"alg\":\"" alg "\",\"kid\":\"" kid "\"}"

static char folder[] = "/tmp/token-checker-XXXXXX";
static char paths[4][64];
static struct jwt_options options;
static struct token_keyring *ring;
static struct token_checker *checker;

enum file { HS_FILE, RS_FILE, ES_FILE, SET_FILE };

static void open_checker(size_t cached)
{
    options.cached = (int64_t)cached;
    ring = token_keyring_new(&options);
    assert_non_null(ring);
    checker = token_checker_new(ring, &options);
}

static int make_files(void **state)
{
    static char items[3][96];
    static const char *const names[] = {"hs", "rs", "es", "set"};

    (void)state;
    if (!mkdtemp(folder))
        return -1;
    for (size_t i = 0; i < 4; i++)
        snprintf(paths[i], sizeof paths[i], "%s/%s", folder, names[i]);
    write_file(paths[HS_FILE], SECRET "\n", strlen(SECRET) + 1);
    write_public_key(paths[RS_FILE], issuer_key(SIGN_RS256));
    write_public_key(paths[ES_FILE], issuer_key(SIGN_ES256));
    snprintf(items[0], sizeof items[0], "HS256:hs=%s", paths[HS_FILE]);
    snprintf(items[1], sizeof items[1], "RS256:rs=%s", paths[RS_FILE]);
    snprintf(items[2], sizeof items[2], "ES256:es=%s", paths[ES_FILE]);
    options = (struct jwt_options){.issuer = "me", .audience = "shop", .user_claim = "sub"};
    for (size_t i = 0; i < 3; i++)
        options.keys.items[options.keys.count++] = items[i];
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++)
        unlink(paths[i]);
    return rmdir(folder);
}

static int open_world(void **state)
{
    (void)state;
    open_checker(8);
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    token_checker_free(checker);
    token_keyring_free(ring);
    return 0;
}

static enum token_fault check_at(const char *token, int64_t wall_ms)
{
    uint64_t user_id = 0;
    enum token_fault fault = token_checker_check(checker, token, strlen(token), wall_ms, &user_id);

    assert_int_equal(user_id, fault == TOKEN_OK ? 16 : 0);
    return fault;
}

static void expect(enum token_fault expected, const char *what, const char *token)
{
    enum token_fault fault = check_at(token, NOW);

    if (fault != expected)
        fail_msg("%s: expected %s, saw %s", what, token_fault_name(expected),
                 token_fault_name(fault));
}

static void a_signature_is_right_or_wrong(void **state)
{
    static const struct {
        const char *what, *header;
        enum signer signer;
        enum token_fault fault;
    } rows[] = {
        {"HS256", HEADER("HS256", "hs"), SIGN_HS256, TOKEN_OK},
        {"RS256", HEADER("RS256", "rs"), SIGN_RS256, TOKEN_OK},
        {"ES256", HEADER("ES256", "es"), SIGN_ES256, TOKEN_OK},
        {"HS256, no kid", "{\"alg\":\"HS256\"}", SIGN_HS256, TOKEN_OK},
        {"a kid of no key", HEADER("HS256", "new"), SIGN_HS256, TOKEN_UNKNOWN_KEY},
        {"an empty kid", HEADER("HS256", ""), SIGN_HS256, TOKEN_UNKNOWN_KEY},
        {"the kid of another algorithm", HEADER("HS256", "rs"), SIGN_HS256, TOKEN_UNKNOWN_KEY},
        {"the kid of another algorithm", HEADER("RS256", "hs"), SIGN_RS256, TOKEN_UNKNOWN_KEY},
        {"the kid of another algorithm", HEADER("ES256", "rs"), SIGN_RS256, TOKEN_UNKNOWN_KEY},
        {"not signed", HEADER("HS256", "hs"), SIGN_NOT, TOKEN_SIGNATURE},
        {"not signed", HEADER("RS256", "rs"), SIGN_NOT, TOKEN_SIGNATURE},
        {"not signed", HEADER("ES256", "es"), SIGN_NOT, TOKEN_SIGNATURE},
        {"none", "{\"alg\":\"none\"}", SIGN_NOT, TOKEN_ALGORITHM},
        {"signed by another key", HEADER("RS256", "rs"), SIGN_ES256, TOKEN_SIGNATURE},
        {"signed by another key", HEADER("ES256", "es"), SIGN_RS256, TOKEN_SIGNATURE},
        {"signed by another key", HEADER("HS256", "hs"), SIGN_ES256, TOKEN_SIGNATURE},
        {"a key in the header",
         "{\"alg\":\"HS256\",\"kid\":\"hs\",\"jwk\":{\"kty\":\"oct\",\"k\":\"AAAA\"}}", SIGN_NOT,
         TOKEN_SIGNATURE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *token = make_token(rows[i].signer, rows[i].header, PAYLOAD);

        expect(rows[i].fault, rows[i].what, token);
        expect(rows[i].fault, rows[i].what, token); /* once more, from memory or not */
    }
}

/* The public key, which everybody has, is no secret of HS256. */
static void a_public_key_signs_nothing(void **state)
{
    static const char *const kids[] = {"rs", "es", "hs"};
    char header[80], pem[4096] = "", *token;
    unsigned char signature[1024];

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        FILE *file = fopen(paths[i == 1 ? ES_FILE : RS_FILE], "r");
        size_t len = fread(pem, 1, sizeof pem - 1, file);

        fclose(file);
        pem[len] = '\0';
        snprintf(header, sizeof header, HEADER("HS256", "%s"), kids[i]);
        token = strdup(make_token(SIGN_NOT, header, PAYLOAD));
        token = realloc(token, strlen(token) + 100);
        *strrchr(token, '.') = '\0';
        sign_bytes(SIGN_HS256, NULL, pem, token, signature);
        strcat(token, ".");
        to_base64url(token + strlen(token), signature, 32);
        expect(i == 2 ? TOKEN_SIGNATURE : TOKEN_UNKNOWN_KEY, kids[i], token);
        free(token);
    }
}

static void every_changed_character_is_seen(void **state)
{
    static const struct {
        const char *header;
        enum signer signer;
    } kinds[] = {{HEADER("HS256", "hs"), SIGN_HS256},
                 {HEADER("RS256", "rs"), SIGN_RS256},
                 {HEADER("ES256", "es"), SIGN_ES256}};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        char *token = strdup(make_token(kinds[i].signer, kinds[i].header, PAYLOAD));
        size_t len = strlen(token);

        for (size_t at = 0; at < len; at += kinds[i].signer == SIGN_ES256 ? 7 : 1) {
            char kept = token[at];

            token[at] = kept == 'A' ? 'B' : 'A';
            if (check_at(token, NOW) == TOKEN_OK)
                fail_msg("character %zu of %s may be another", at, token);
            token[at] = kept;
        }
        expect(TOKEN_OK, "as it was", token);
        free(token);
    }
}

/* ES256: r and s of 32 bytes each, and neither 0 nor the curve's order. */
static void odd_signatures_are_wrong(void **state)
{
    static const size_t lengths[] = {0, 1, 31, 32, 63, 65, 66, 70, 72, 96, 128, 256, 512};
    static unsigned char bytes[1024];
    char *token = strdup(make_token(SIGN_NOT, HEADER("ES256", "es"), PAYLOAD));
    size_t len = strlen(token);

    (void)state;
    token = realloc(token, len + 2048);
    for (int fill = 0; fill < 3; fill++) {
        memset(bytes, fill == 0 ? 0 : fill == 1 ? 0xff : 0x30, sizeof bytes);
        for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
            to_base64url(token + len, bytes, lengths[i]);
            expect(TOKEN_SIGNATURE, "an odd signature", token);
        }
        to_base64url(token + len, bytes, 64);
        expect(TOKEN_SIGNATURE, "r and s of nothing", token);
    }
    free(token);
}

static void a_token_that_is_remembered_expires(void **state)
{
    const char *token = make_token(SIGN_HS256, HEADER("HS256", "hs"), PAYLOAD);
    const struct metric *remembered =
        metric_counter("coupon_gateway_tokens_remembered_total",
                       "Tokens whose signature had been checked before.", NULL);
    uint64_t before = metric_value(remembered);

    (void)state;
    assert_int_equal(check_at(token, NOW), TOKEN_OK);
    assert_int_equal(metric_value(remembered), before);
    assert_int_equal(check_at(token, 1700000099999), TOKEN_OK);
    assert_int_equal(check_at(token, 1700000100000), TOKEN_EXPIRED);
    assert_int_equal(metric_value(remembered), before + 2);
}

static void keys_are_changed_for_others(void **state)
{
    static const char other[] = "another-secret-of-more-than-32-bytes";
    const char *token = make_token(SIGN_HS256, HEADER("HS256", "hs"), PAYLOAD);

    (void)state;
    expect(TOKEN_OK, "the first key", token);
    write_file(paths[HS_FILE], "short\n", 6);
    assert_false(token_keyring_reload(ring));
    expect(TOKEN_OK, "the first key, kept", token);
    unlink(paths[HS_FILE]);
    assert_false(token_keyring_reload(ring));
    expect(TOKEN_OK, "the first key, kept", token);
    write_file(paths[HS_FILE], other, strlen(other));
    expect(TOKEN_OK, "the first key, until it is asked for", token);
    assert_true(token_keyring_reload(ring));
    expect(TOKEN_SIGNATURE, "remembered from the key before", token);
    write_file(paths[HS_FILE], SECRET, strlen(SECRET));
    assert_true(token_keyring_reload(ring));
    expect(TOKEN_OK, "the first key again", token);
}

static void tokens_beyond_the_memory_are_checked_anew(void **state)
{
    char payload[200];

    (void)state;
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 100; i++) {
            snprintf(payload, sizeof payload,
                     "{\"iss\":\"me\",\"aud\":\"shop\",\"sub\":\"16\",\"exp\":1700000100,\"n\":%d}",
                     i);
            expect(TOKEN_OK, payload, make_token(SIGN_HS256, HEADER("HS256", "hs"), payload));
        }
    }
}

static void a_memory_of_nothing_will_do(void **state)
{
    const char *token = make_token(SIGN_HS256, HEADER("HS256", "hs"), PAYLOAD);

    close_world(state);
    open_checker(0);
    expect(TOKEN_OK, "twice", token);
    expect(TOKEN_OK, "twice", token);
}

static void a_long_token_is_not_looked_at(void **state)
{
    char *token = malloc(100001);

    (void)state;
    memset(token, 'A', 100000);
    token[100000] = '\0';
    expect(TOKEN_MALFORMED, "100 kB", token);
    free(token);
}

int main(void)
{
#define IN_A_WORLD(test) cmocka_unit_test_setup_teardown(test, open_world, close_world)
    const struct CMUnitTest tests[] = {
        IN_A_WORLD(a_signature_is_right_or_wrong),
        IN_A_WORLD(a_public_key_signs_nothing),
        IN_A_WORLD(every_changed_character_is_seen),
        IN_A_WORLD(odd_signatures_are_wrong),
        IN_A_WORLD(a_token_that_is_remembered_expires),
        IN_A_WORLD(keys_are_changed_for_others),
        IN_A_WORLD(tokens_beyond_the_memory_are_checked_anew),
        IN_A_WORLD(a_memory_of_nothing_will_do),
        IN_A_WORLD(a_long_token_is_not_looked_at),
    };

    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, make_files, remove_files);
}
