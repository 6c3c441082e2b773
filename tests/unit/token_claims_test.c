/* What a token must say, to the millisecond: exp and nbf with the leeway, iss, aud as text or
 * array, and a user id that is one. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "api-gateway/auth/token_claims.h"

#define MAY "\"iss\":\"me\",\"aud\":\"shop\",\"sub\":\"16\""

static const struct token_rules rules = {"me", "shop", "sub", 30000};

static enum token_fault read_it(const char *payload, struct token_claims *claims)
{
    return token_claims_read(payload, strlen(payload), &rules, claims);
}

static void claims_are_looked_at(void **state)
{
    static const struct {
        const char *payload;
        enum token_fault fault;
        uint64_t user_id;
    } rows[] = {
        {"{\"exp\":1," MAY "}", TOKEN_OK, 16},
        {"{\"exp\":1,\"iss\":\"me\",\"aud\":[\"x\",\"shop\"],\"sub\":16}", TOKEN_OK, 16},
        {"{\"exp\":1,\"iss\":\"me\",\"aud\":\"shop\",\"sub\":\"9223372036854775807\"}", TOKEN_OK,
         INT64_MAX},
        {"{\"exp\":1,\"iss\":\"me\",\"aud\":\"shop\",\"sub\":9223372036854775807}", TOKEN_OK,
         INT64_MAX},
        {"{" MAY "}", TOKEN_MALFORMED, 0},
        {"{\"exp\":null," MAY "}", TOKEN_MALFORMED, 0},
        {"{\"exp\":\"1\"," MAY "}", TOKEN_MALFORMED, 0},
        {"{\"exp\":true," MAY "}", TOKEN_MALFORMED, 0},
        {"{\"exp\":-1," MAY "}", TOKEN_MALFORMED, 0},
        {"{\"exp\":1e300," MAY "}", TOKEN_MALFORMED, 0},
        {"{\"exp\":9223372036854775807," MAY "}", TOKEN_MALFORMED, 0},
        {"{\"exp\":99999999999999999999," MAY "}", TOKEN_MALFORMED, 0},
        {"{\"exp\":1,\"exp\":99999999999," MAY "}", TOKEN_MALFORMED, 0},
        {"{\"exp\":1,\"nbf\":\"1\"," MAY "}", TOKEN_MALFORMED, 0},
        {"{\"exp\":1,\"nbf\":null," MAY "}", TOKEN_MALFORMED, 0},
        {"{\"exp\":1,\"iss\":\"you\",\"aud\":\"shop\",\"sub\":16}", TOKEN_ISSUER, 0},
        {"{\"exp\":1,\"iss\":\"me2\",\"aud\":\"shop\",\"sub\":16}", TOKEN_ISSUER, 0},
        {"{\"exp\":1,\"iss\":\"m\",\"aud\":\"shop\",\"sub\":16}", TOKEN_ISSUER, 0},
        {"{\"exp\":1,\"iss\":[\"me\"],\"aud\":\"shop\",\"sub\":16}", TOKEN_ISSUER, 0},
        {"{\"exp\":1,\"aud\":\"shop\",\"sub\":16}", TOKEN_ISSUER, 0},
        {"{\"exp\":1,\"iss\":\"me\",\"aud\":\"Shop\",\"sub\":16}", TOKEN_AUDIENCE, 0},
        {"{\"exp\":1,\"iss\":\"me\",\"aud\":[],\"sub\":16}", TOKEN_AUDIENCE, 0},
        {"{\"exp\":1,\"iss\":\"me\",\"aud\":[[\"shop\"]],\"sub\":16}", TOKEN_AUDIENCE, 0},
        {"{\"exp\":1,\"iss\":\"me\",\"aud\":{\"shop\":1},\"sub\":16}", TOKEN_AUDIENCE, 0},
        {"{\"exp\":1,\"iss\":\"me\",\"sub\":16}", TOKEN_AUDIENCE, 0},
        {"{\"exp\":1,\"iss\":\"me\",\"aud\":\"shop\"}", TOKEN_USER, 0},
        {"{\"exp\":1,\"iss\":\"me\",\"aud\":\"shop\",\"sub\":0}", TOKEN_USER, 0},
        {"{\"exp\":1,\"iss\":\"me\",\"aud\":\"shop\",\"sub\":-16}", TOKEN_USER, 0},
        {"{\"exp\":1,\"iss\":\"me\",\"aud\":\"shop\",\"sub\":16.0}", TOKEN_USER, 0},
        {"{\"exp\":1,\"iss\":\"me\",\"aud\":\"shop\",\"sub\":\"016\"}", TOKEN_USER, 0},
        {"{\"exp\":1,\"iss\":\"me\",\"aud\":\"shop\",\"sub\":\" 16\"}", TOKEN_USER, 0},
        {"{\"exp\":1,\"iss\":\"me\",\"aud\":\"shop\",\"sub\":\"\"}", TOKEN_USER, 0},
        {"{\"exp\":1,\"iss\":\"me\",\"aud\":\"shop\",\"sub\":\"alice\"}", TOKEN_USER, 0},
        {"{\"exp\":1,\"iss\":\"me\",\"aud\":\"shop\",\"sub\":\"9223372036854775808\"}", TOKEN_USER,
         0},
        {"{\"exp\":1,\"iss\":\"me\",\"aud\":\"shop\",\"sub\":[16]}", TOKEN_USER, 0},
        {"", TOKEN_MALFORMED, 0},
        {"[]", TOKEN_MALFORMED, 0},
        {"{\"exp\":1," MAY, TOKEN_MALFORMED, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct token_claims claims = {0};
        enum token_fault fault = read_it(rows[i].payload, &claims);

        if (fault != rows[i].fault || (fault == TOKEN_OK && claims.user_id != rows[i].user_id))
            fail_msg("%s: expected %s, saw %s, user %" PRIu64, rows[i].payload,
                     token_fault_name(rows[i].fault), token_fault_name(fault), claims.user_id);
    }
}

static void a_time_is_meant_to_the_millisecond(void **state)
{
    static const struct {
        const char *payload;
        int64_t wall_ms;
        enum token_fault fault;
    } rows[] = {
        {"{\"exp\":1700000000," MAY "}", 1700000029999, TOKEN_OK},
        {"{\"exp\":1700000000," MAY "}", 1700000030000, TOKEN_EXPIRED},
        {"{\"exp\":1700000000.5," MAY "}", 1700000030499, TOKEN_OK},
        {"{\"exp\":1700000000.5," MAY "}", 1700000030500, TOKEN_EXPIRED},
        {"{\"exp\":1.7e9," MAY "}", 1700000029999, TOKEN_OK},
        {"{\"exp\":0," MAY "}", 29999, TOKEN_OK},
        {"{\"exp\":0," MAY "}", 30000, TOKEN_EXPIRED},
        {"{\"exp\":253402300799," MAY "}", 1700000000000, TOKEN_OK},
        {"{\"exp\":1800000000,\"nbf\":1700000000," MAY "}", 1699999969999, TOKEN_NOT_YET},
        {"{\"exp\":1800000000,\"nbf\":1700000000," MAY "}", 1699999970000, TOKEN_OK},
        {"{\"exp\":1800000000,\"nbf\":0," MAY "}", 0, TOKEN_OK},
        {"{\"exp\":1800000000,\"nbf\":253402300799," MAY "}", 1700000000000, TOKEN_NOT_YET},
        /* a window of no length, wide enough only by the leeway */
        {"{\"exp\":1700000000,\"nbf\":1700000000," MAY "}", 1700000000000, TOKEN_OK},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct token_claims claims = {0};
        enum token_fault fault;

        assert_int_equal(read_it(rows[i].payload, &claims), TOKEN_OK);
        fault = token_claims_time(&claims, rows[i].wall_ms);
        if (fault != rows[i].fault)
            fail_msg("%s at %" PRId64 ": expected %s, saw %s", rows[i].payload, rows[i].wall_ms,
                     token_fault_name(rows[i].fault), token_fault_name(fault));
    }
}

static void the_users_claim_has_a_name_of_its_own(void **state)
{
    static const struct token_rules other = {"me", "shop", "https://shop.example/userId", 0};
    static const char payload[] = "{\"exp\":1," MAY ",\"https://shop.example/userId\":99}";
    struct token_claims claims;

    (void)state;
    assert_int_equal(token_claims_read(payload, strlen(payload), &other, &claims), TOKEN_OK);
    assert_int_equal(claims.user_id, 99);
    assert_int_equal(claims.until_ms, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(claims_are_looked_at),
        cmocka_unit_test(a_time_is_meant_to_the_millisecond),
        cmocka_unit_test(the_users_claim_has_a_name_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
