/* The key of a result in Redis: ids that begin with their time share a hash for 256 ms, all others
 * have a key each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/contract/result_key.h"

static void expect_key(const char *request_id, bool in_hash, const char *key)
{
    char seen[RESULT_KEY_SIZE];
    bool seen_in_hash = result_key(request_id, seen);

    if (seen_in_hash != in_hash || strcmp(seen, key) != 0)
        fail_msg("%s: expected %s%s, saw %s%s", request_id, key, in_hash ? " (hash)" : "", seen,
                 seen_in_hash ? " (hash)" : "");
}

static void ids_with_a_time_share_a_hash(void **state)
{
    (void)state;
    expect_key("017f22e2-79b0-7cc3-98c4-dc0c0c07398f", true, "coupon:results:017f22e279");
    expect_key("017f22e2-79ff-7000-8000-000000000000", true, "coupon:results:017f22e279");
    expect_key("017f22e2-7a00-7000-8000-000000000000", true, "coupon:results:017f22e27a");
    expect_key("ffffffff-ffff-7fff-bfff-ffffffffffff", true, "coupon:results:ffffffffff");
}

static void all_others_have_a_key_each(void **state)
{
    static const char *const ids[] = {
        "REQ-1",
        "-",
        "017f22e2-79b0-8cc3-98c4-dc0c0c07398f",  /* derived from an Idempotency-Key */
        "017f22e2-79b0-4cc3-98c4-dc0c0c07398f",  /* random */
        "017F22E2-79B0-7CC3-98C4-DC0C0C07398F",  /* not ours */
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398",   /* too short */
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0", /* too long */
        "017f22e2079b0-7cc3-98c4-dc0c0c07398f",
        "017f22e2-79b007cc3-98c4-dc0c0c07398f",
        "017f22e-279b0-7cc3-98c4-dc0c0c07398f",
        "017f22eg-79b0-7cc3-98c4-dc0c0c07398f",
        "017f22e2-79bg-7cc3-98c4-dc0c0c07398f",
        "0123456789012345678901234567890123456789012345678901234567890123",
    };
    char key[100];

    (void)state;
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        snprintf(key, sizeof key, "coupon:result:%s", ids[i]);
        expect_key(ids[i], false, key);
    }
}

static void an_id_of_a_gateway_has_its_time_in_the_key(void **state)
{
    static const char text[] = "000102030405060708090a0b0c0d0e0f\n";
    char error[128], id[REQUEST_ID_UUID_SIZE];
    struct request_id_generator generator = {.keys =
                                                 request_id_keys_parse(text, error, sizeof error)};
    struct request_id_keys *keys = (struct request_id_keys *)generator.keys;

    (void)state;
    request_id_generate(&generator, INT64_C(0x017f22e279b0), 16, id);
    expect_key(id, true, "coupon:results:017f22e279");
    request_id_derive(keys, 1, 2, "key", 3, id);
    assert_false(result_key(id, (char[RESULT_KEY_SIZE]){0}));
    request_id_keys_free(keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_with_a_time_share_a_hash),
        cmocka_unit_test(all_others_have_a_key_each),
        cmocka_unit_test(an_id_of_a_gateway_has_its_time_in_the_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
