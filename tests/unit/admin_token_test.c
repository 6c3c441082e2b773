/* Only the whole token, with its scheme, opens the admin API. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "api-gateway/handlers/admin_token.h"

static void only_the_whole_token_is_right(void **state)
{
    static const struct {
        const char *value;
        enum admin_token_answer answer;
    } table[] = {
        {"Bearer s3cret-Token", ADMIN_TOKEN_RIGHT},
        {"bearer s3cret-Token", ADMIN_TOKEN_RIGHT},
        {"BEARER   s3cret-Token", ADMIN_TOKEN_RIGHT},
        {"Bearer s3cret-Toke", ADMIN_TOKEN_WRONG},
        {"Bearer s3cret-Token2", ADMIN_TOKEN_WRONG},
        {"Bearer s3cret-Token ", ADMIN_TOKEN_WRONG},
        {"Bearer s3cret-token", ADMIN_TOKEN_WRONG},
        {"Bearer \"s3cret-Token\"", ADMIN_TOKEN_WRONG},
        {"Bearer s3cret-Token, Bearer s3cret-Token", ADMIN_TOKEN_WRONG},
        {"Bearer  ", ADMIN_TOKEN_WRONG},
        {"Bearer ", ADMIN_TOKEN_WRONG},
        {"Bearer", ADMIN_TOKEN_MISSING},
        {"Bearer\ts3cret-Token", ADMIN_TOKEN_MISSING},
        {"Bearers3cret-Token", ADMIN_TOKEN_MISSING},
        {"s3cret-Token", ADMIN_TOKEN_MISSING},
        {"Basic s3cret-Token", ADMIN_TOKEN_MISSING},
        {"", ADMIN_TOKEN_MISSING},
    };
    struct admin_token token;
    const char *name = NULL;

    (void)state;
    admin_token_set(&token, "s3cret-Token");
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct http_slice value = {table[i].value, strlen(table[i].value)};
        enum admin_token_answer answer = admin_token_check(&token, &value, &name);

        if (answer != table[i].answer)
            fail_msg("\"%s\": expected %d, saw %d", table[i].value, (int)table[i].answer,
                     (int)answer);
    }
    assert_int_equal(admin_token_check(&token, NULL, &name), ADMIN_TOKEN_MISSING);
}

static void several_tokens_open_it_while_one_is_changed_for_another(void **state)
{
    static const struct http_slice old = {"Bearer old", 10}, new = {"Bearer new", 10};
    static const struct http_slice both = {"Bearer old\nnew", 14}, none = {"Bearer ", 7};
    struct admin_token token;
    const char *name = NULL;

    (void)state;
    assert_true(admin_token_set(&token, "new\r\n\nold\n"));
    assert_int_equal(admin_token_check(&token, &old, &name), ADMIN_TOKEN_RIGHT);
    assert_int_equal(admin_token_check(&token, &new, &name), ADMIN_TOKEN_RIGHT);
    assert_int_equal(admin_token_check(&token, &both, &name), ADMIN_TOKEN_WRONG);
    assert_int_equal(admin_token_check(&token, &none, &name), ADMIN_TOKEN_WRONG);
    assert_true(admin_token_set(&token, "new"));
    assert_int_equal(admin_token_check(&token, &old, &name), ADMIN_TOKEN_WRONG);
    assert_false(admin_token_set(&token, "\n\r\n"));
    assert_false(admin_token_set(&token, ""));
    assert_false(admin_token_set(&token, "1\n2\n3\n4\n5\n6\n7\n8\n9"));
    assert_int_equal(admin_token_check(&token, &new, &name), ADMIN_TOKEN_RIGHT);
    assert_true(admin_token_set(&token, "1\n2\n3\n4\n5\n6\n7\nold"));
    assert_int_equal(admin_token_check(&token, &old, &name), ADMIN_TOKEN_RIGHT);
}

static void a_token_may_have_its_owner_s_name(void **state)
{
    static const struct {
        const char *line, *value, *name; /* name NULL: refused */
    } table[] = {
        {"plain", "Bearer plain", "admin"},
        {"alice s3cret", "Bearer s3cret", "alice"},
        {"alice s3cret", "Bearer alice s3cret", NULL},
        {"alice s3cret", "Bearer alice", NULL},
        {"bob@shop.example\t  s3cret\r", "Bearer s3cret", "bob@shop.example"},
        {"carol:s3cret", "Bearer carol:s3cret", "admin"},
        {"it's s3cret", "Bearer it's s3cret", "admin"},
        {"alice ", "Bearer alice ", "admin"},
        {"1234567890123456789012345678901234567890123456789012345678901234 t", "Bearer t",
         "1234567890123456789012345678901234567890123456789012345678901234"},
        {"12345678901234567890123456789012345678901234567890123456789012345 t", "Bearer t", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct http_slice value = {table[i].value, strlen(table[i].value)};
        struct admin_token token;
        const char *name = NULL;

        assert_true(admin_token_set(&token, table[i].line));
        admin_token_check(&token, &value, &name);
        if ((name == NULL) != (table[i].name == NULL) || (name && strcmp(name, table[i].name) != 0))
            fail_msg("\"%s\" for \"%s\": seen %s", table[i].value, table[i].line,
                     name ? name : "nobody");
    }
}

static void each_name_has_its_token(void **state)
{
    static const struct http_slice first = {"Bearer one", 10}, second = {"Bearer two", 10};
    struct admin_token token;
    const char *name = NULL;

    (void)state;
    assert_true(admin_token_set(&token, "alice one\nbob two\nalice three\n"));
    assert_int_equal(admin_token_check(&token, &first, &name), ADMIN_TOKEN_RIGHT);
    assert_string_equal(name, "alice");
    assert_int_equal(admin_token_check(&token, &second, &name), ADMIN_TOKEN_RIGHT);
    assert_string_equal(name, "bob");
}

static void nothing_behind_the_value_is_read(void **state)
{
    const struct http_slice scheme = {"Bearer s3cret-Token", 6};
    const struct http_slice part = {"Bearer s3cret-Token", 12};
    const struct http_slice whole = {"Bearer s3cret-Token2", 19};
    struct admin_token token;
    const char *name = NULL;

    (void)state;
    admin_token_set(&token, "s3cret-Token");
    assert_int_equal(admin_token_check(&token, &scheme, &name), ADMIN_TOKEN_MISSING);
    assert_int_equal(admin_token_check(&token, &part, &name), ADMIN_TOKEN_WRONG);
    assert_int_equal(admin_token_check(&token, &whole, &name), ADMIN_TOKEN_RIGHT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_whole_token_is_right),
        cmocka_unit_test(several_tokens_open_it_while_one_is_changed_for_another),
        cmocka_unit_test(a_token_may_have_its_owner_s_name),
        cmocka_unit_test(each_name_has_its_token),
        cmocka_unit_test(nothing_behind_the_value_is_read),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
