/* What is said of TLS fits together, or it is refused: nobody who named a certificate sends in the
 * clear. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/tls/tls_options.h"

#define EMPTY "/dev/null"
#define MISSING "/nowhere/at/all"

static void what_does_not_fit_is_refused(void **state)
{
    static const struct {
        struct tls_options options;
        const char *part; /* of the message; NULL: good */
    } rows[] = {
        {{.mode = "off"}, NULL},
        {{.mode = NULL}, NULL},
        {{.mode = "off", .ca = EMPTY}, "--mysql-tls-ca is given and --mysql-tls is off"},
        {{.mode = "off", .cert = EMPTY}, "--mysql-tls-cert is given"},
        {{.mode = "off", .key = EMPTY}, "--mysql-tls-key is given"},
        {{.mode = "on", .cert = EMPTY}, "one is given without the other"},
        {{.mode = "on", .key = EMPTY}, "one is given without the other"},
        {{.mode = "on", .ca = MISSING}, "--mysql-tls-ca " MISSING ": No such file or directory"},
        {{.mode = "on", .ca = EMPTY}, "--mysql-tls-ca " EMPTY ": "},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char error[300] = "";
        bool good = tls_options_check(&rows[i].options, "mysql", error, sizeof error);

        if (good != !rows[i].part || (rows[i].part && !strstr(error, rows[i].part)))
            fail_msg("row %zu: saw %s \"%s\"", i, good ? "good" : "bad", error);
    }
}

static void without_a_ca_it_is_the_systems(void **state)
{
    const struct tls_options own = {.mode = "on", .ca = "/own"}, none = {.mode = "on"};

    (void)state;
    assert_string_equal(tls_options_ca(&own), "/own");
    assert_string_equal(tls_options_ca(&none), TLS_CA);
    assert_true(tls_options_on(&none));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(without_a_ca_it_is_the_systems),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
