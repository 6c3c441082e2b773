/* Goal: a secret that was read stays nowhere but where it is used. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/option.h"
#include "common/base/option_secret.h"

#define SECRET "hunter2-secret"

struct config {
    const char *password;
};

static const struct option_spec specs[] = {
    {.name = "password", .type = OPTION_SECRET, .required = true, .help = "What opens it."},
};

static bool is_zero(const char *bytes, size_t len)
{
    while (len > 0)
        if (bytes[--len] != '\0')
            return false;
    return true;
}

/* The bytes of the environment are what /proc/PID/environ shows. */
static void one_in_the_environment_is_overwritten_there(void **state)
{
    static char variable[] = "COUPON_PASSWORD=" SECRET;
    char *argv[] = {(char *)(uintptr_t) "program", NULL};
    struct config config = {0};
    const struct option_group group = {"Program", specs, 1, &config};

    (void)state;
    assert_int_equal(putenv(variable), 0);
    assert_int_equal(option_read("program", NULL, NULL, &group, 1, 1, argv), OPTION_RUN);
    assert_string_equal(config.password, SECRET);
    assert_null(getenv("COUPON_PASSWORD"));
    assert_true(is_zero(variable + sizeof variable - sizeof SECRET, sizeof SECRET));
}

static void one_can_be_wiped(void **state)
{
    char text[] = SECRET;
    const char *secret = text;

    (void)state;
    option_secret_wipe(&secret);
    assert_null(secret);
    assert_true(is_zero(text, sizeof text));
    option_secret_wipe(&secret);
    assert_null(secret);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_in_the_environment_is_overwritten_there),
        cmocka_unit_test(one_can_be_wiped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
