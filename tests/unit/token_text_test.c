/* A token's form and header are read strictly: whatever two readers could take differently, or what
 * asks for a key of the sender's choice, gets no further. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "api-gateway/auth/token_text.h"
#include "tests/unit/token_world.h"

#define GOOD "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"

static enum token_fault read_it(const char *text, struct token_text *token)
{
    size_t len = strlen(text);
    char *exact = malloc(len); /* so that a read beyond it is seen */
    enum token_fault fault;

    memcpy(exact, text, len);
    fault = token_text_read(exact, len, token);
    free(exact);
    return fault;
}

static void a_header_is_read(void **state)
{
    static const struct {
        const char *header;
        enum token_fault fault;
    } rows[] = {
        {GOOD, TOKEN_OK},
        {"{\"alg\":\"RS256\"}", TOKEN_OK},
        {"{\"alg\":\"ES256\",\"kid\":\"k\"}", TOKEN_OK},
        {"{\"alg\":\"HS256\",\"typ\":\"at+JWT\"}", TOKEN_OK},
        {"{\"alg\":\"HS256\",\"typ\":\"application/jwt\"}", TOKEN_OK},
        {"{\"alg\":\"HS256\",\"jwk\":{\"kty\":\"oct\"},\"jku\":\"http://x\",\"x5u\":1}", TOKEN_OK},
        {"{\"alg\":\"none\"}", TOKEN_ALGORITHM},
        {"{\"alg\":\"None\"}", TOKEN_ALGORITHM},
        {"{\"alg\":\"\"}", TOKEN_ALGORITHM},
        {"{\"alg\":\"hs256\"}", TOKEN_ALGORITHM},
        {"{\"alg\":\"HS2566\"}", TOKEN_ALGORITHM},
        {"{\"alg\":\"HS384\"}", TOKEN_ALGORITHM},
        {"{\"alg\":\"PS256\"}", TOKEN_ALGORITHM},
        {"{\"alg\":\"dir\",\"enc\":\"A128GCM\"}", TOKEN_ALGORITHM},
        {"{\"alg\":1}", TOKEN_MALFORMED},
        {"{\"alg\":null}", TOKEN_MALFORMED},
        {"{\"alg\":[\"HS256\"]}", TOKEN_MALFORMED},
        {"{\"typ\":\"JWT\"}", TOKEN_MALFORMED},
        {"{}", TOKEN_MALFORMED},
        {"", TOKEN_MALFORMED},
        {"null", TOKEN_MALFORMED},
        {"[]", TOKEN_MALFORMED},
        {"{\"alg\":\"HS256\"", TOKEN_MALFORMED},
        {"{\"alg\":\"HS256\"} x", TOKEN_MALFORMED},
        {"{\"alg\":\"none\",\"alg\":\"HS256\"}", TOKEN_MALFORMED},
        {"{\"alg\":\"HS256\",\"alg\":\"none\"}", TOKEN_MALFORMED},
        {"{\"alg\":\"HS256\",\"kid\":\"a\",\"kid\":\"b\"}", TOKEN_MALFORMED},
        {"{\"alg\":\"HS256\",\"crit\":[]}", TOKEN_MALFORMED},
        {"{\"alg\":\"HS256\",\"crit\":[\"exp\"],\"exp\":1}", TOKEN_MALFORMED},
        {"{\"alg\":\"HS256\",\"b64\":false}", TOKEN_MALFORMED},
        {"{\"alg\":\"HS256\",\"kid\":7}", TOKEN_MALFORMED},
        {"{\"alg\":\"HS256\",\"kid\":null}", TOKEN_MALFORMED},
        {"{\"alg\":\"HS256\",\"kid\":\"a\\u0000b\"}", TOKEN_MALFORMED},
        {"{\"alg\":\"HS256\",\"typ\":\"logout+jwt\"}", TOKEN_MALFORMED},
        {"{\"alg\":\"HS256\",\"typ\":1}", TOKEN_MALFORMED},
        {"{\"alg\":\"HS256\\u0000\"}", TOKEN_MALFORMED},
        {"\xef\xbb\xbf" GOOD, TOKEN_MALFORMED},
    };
    struct token_text token;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum token_fault fault = read_it(make_token(SIGN_HS256, rows[i].header, "{}"), &token);

        if (fault != rows[i].fault)
            fail_msg("%s: expected %s, saw %s", rows[i].header, token_fault_name(rows[i].fault),
                     token_fault_name(fault));
    }
}

static void its_parts_are_found(void **state)
{
    const char *text = make_token(SIGN_HS256, "{\"alg\":\"HS256\",\"kid\":\"key-1\"}", "{\"a\":1}");
    struct token_text token;
    char payload[TOKEN_MAX];

    (void)state;
    assert_int_equal(token_text_read(text, strlen(text), &token), TOKEN_OK);
    assert_int_equal(token.algorithm, TOKEN_HS256);
    assert_true(token.has_kid);
    assert_string_equal(token.kid, "key-1");
    assert_int_equal(token.signature_len, 32);
    assert_int_equal(token_text_payload(&token, payload), 7);
    assert_memory_equal(payload, "{\"a\":1}", 7);
    assert_int_equal(read_it(make_token(SIGN_NOT, GOOD, ""), &token), TOKEN_OK);
    assert_int_equal(token.signature_len, 0);
    assert_false(token.has_kid);
}

static void other_forms_are_refused(void **state)
{
    static const char *const forms[] = {
        "",
        ".",
        "..",
        "...",
        "a",
        "a.b",
        "eyJhbGciOiJIUzI1NiJ9",
        "eyJhbGciOiJIUzI1NiJ9.e30",
        "eyJhbGciOiJIUzI1NiJ9.e30.AA.AA",    /* a fourth part */
        "eyJhbGciOiJIUzI1NiJ9.e30.AA.AA.AA", /* JWE */
        "eyJhbGciOiJIUzI1NiJ9.e30=.AA",      /* padding */
        "eyJhbGciOiJIUzI1NiJ9.e30.AAA=",
        "eyJhbGciOiJIUzI1NiJ9.e30.AB", /* bits left over: AA is canonical */
        "eyJhbGciOiJIUzI1NiJ9.e31.AA",
        "eyJhbGciOiJIUzI1NiJ9.e3.AA",
        "eyJhbGciOiJIUzI1NiJ9.e30.A",  /* no whole byte */
        "eyJhbGciOiJIUzI1NiJ9.e30.A+", /* the other alphabet */
        "eyJhbGciOiJIUzI1NiJ9.e30.A/",
        "eyJhbGciOiJIUzI1NiJ9.e30.A A",
        "eyJhbGciOiJIUzI1NiJ9.e30. AA",
        " eyJhbGciOiJIUzI1NiJ9.e30.AA",
        "eyJhbGciOiJIUzI1NiJ9.e30.AA ",
        "{\"protected\":\"eyJhbGciOiJIUzI1NiJ9\",\"payload\":\"e30\",\"signature\":\"AA\"}",
        ".e30.AA",
    };
    struct token_text token;

    (void)state;
    assert_int_equal(read_it("eyJhbGciOiJIUzI1NiJ9.e30.AA", &token), TOKEN_OK);
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (read_it(forms[i], &token) != TOKEN_MALFORMED)
            fail_msg("\"%s\" was read", forms[i]);
}

static void sizes_are_limited(void **state)
{
    static char header[2 * TOKEN_MAX], text[100001];
    struct token_text token;

    (void)state;
    memset(text, 'A', 100000);
    memcpy(text, "eyJhbGciOiJIUzI1NiJ9.e30.", 25);
    assert_int_equal(read_it(text, &token), TOKEN_MALFORMED);
    text[TOKEN_MAX + 1] = '\0'; /* its signature has whole bytes in both lengths */
    assert_int_equal(read_it(text, &token), TOKEN_MALFORMED);
    text[TOKEN_MAX] = '\0';
    assert_int_equal(read_it(text, &token), TOKEN_OK);
    snprintf(header, sizeof header, "{\"alg\":\"HS256\",\"kid\":\"%0128d\"}", 0);
    assert_int_equal(read_it(make_token(SIGN_HS256, header, "{}"), &token), TOKEN_OK);
    snprintf(header, sizeof header, "{\"alg\":\"HS256\",\"kid\":\"%0129d\"}", 0);
    assert_int_equal(read_it(make_token(SIGN_HS256, header, "{}"), &token), TOKEN_MALFORMED);
    memset(header, '[', 900);
    strcpy(header + 900, "{\"alg\":\"HS256\"}");
    assert_int_equal(read_it(make_token(SIGN_HS256, header, "{}"), &token), TOKEN_MALFORMED);
    snprintf(header, sizeof header, "{\"alg\":\"HS256\",\"x\":\"%01100d\"}", 0);
    assert_int_equal(read_it(make_token(SIGN_HS256, header, "{}"), &token), TOKEN_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_header_is_read),
        cmocka_unit_test(its_parts_are_found),
        cmocka_unit_test(other_forms_are_refused),
        cmocka_unit_test(sizes_are_limited),
    };

    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
