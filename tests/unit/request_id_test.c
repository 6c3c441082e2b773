/* An id of ours is a UUID of RFC 9562 that nobody can forge; what was derived stays the same
 * through a rotation of keys; a key file is read line by line. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/contract/request_id.h"

#define KEY_A "000102030405060708090a0b0c0d0e0f"
#define KEY_B "f0E0d0c0b0a090807060504030201000"
#define KEY_C "0123456789abcdef0123456789abcdef"
#define UUID_LEN (REQUEST_ID_UUID_SIZE - 1)

static struct request_id_keys *keys_of(const char *text)
{
    char error[80] = "";
    struct request_id_keys *keys = request_id_keys_parse(text, error, sizeof error);

    if (keys == NULL)
        fail_msg("\"%s\" was refused: %s", text, error);
    return keys;
}

static enum request_id_kind kind_of(const struct request_id_keys *keys, const char *id)
{
    return request_id_classify(keys, id, strlen(id), 0);
}

/* The 128 bits of a UUID's text. */
static void read_bits(const char *id, uint64_t *high, uint64_t *low)
{
    unsigned a, b, c, d;
    uint64_t e;

    assert_int_equal(sscanf(id, "%8x-%4x-%4x-%4x-%12" SCNx64, &a, &b, &c, &d, &e), 5);
    *high = (uint64_t)a << 32 | (uint64_t)b << 16 | c;
    *low = (uint64_t)d << 48 | e;
}

static void a_valid_id_is_of_the_allowed_characters(void **state)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    char text[66];

    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        char one[3] = {'a', (char)byte, 'b'};
        bool expected = byte != 0 && strchr(allowed, byte) != NULL;

        if (request_id_valid(one, 3) != expected)
            fail_msg("byte %d: expected %d", byte, expected);
    }
    memset(text, 'x', sizeof text);
    assert_false(request_id_valid(text, 0));
    assert_true(request_id_valid(text, 1));
    assert_true(request_id_valid(text, 64));
    assert_false(request_id_valid(text, 65));
    text[63] = ' ';
    assert_true(request_id_valid(text, 63));
    assert_false(request_id_valid(text, 64));
}

static void a_key_file_is_read_line_by_line(void **state)
{
    static const char *const good[] = {KEY_A,
                                       KEY_A "\n",
                                       KEY_A "\r\n",
                                       "  " KEY_A "\t # newest\n",
                                       "# made today\n\n" KEY_A,
                                       KEY_A "\n# an old one:\n\n   \n#\n" KEY_B "\n",
                                       KEY_A "\n" KEY_B "\n" KEY_C "\n" KEY_A "\n" KEY_B "\n" KEY_C
                                             "\n" KEY_A "\n" KEY_B "\n"};
    static const struct {
        const char *text, *error;
    } bad[] = {
        {"", "no key"},
        {"\n # only a comment\n", "no key"},
        {"0", "line 1"},
        {KEY_A "0", "line 1"},
        {KEY_A "00", "line 1"},
        {"\n" KEY_A "\n\n" KEY_A KEY_B, "line 4"},
        {"00010203 0405060708090a0b0c0d0e0f", "line 1"},
        {"000102030405060708090a0b0c0d0e0", "line 1"},
        {"000102030405060708090a0b0c0d0e", "line 1"},
        {"000102030405060708090a0b0c0d0e0g", "line 1"},
        {"000102030405060708090a0b0c0d0e0#", "line 1"},
        {"0x0102030405060708090a0b0c0d0e0f", "line 1"},
        {KEY_A " " KEY_B, "line 1"},
        {KEY_A "\n" KEY_A "\n" KEY_A "\n" KEY_A "\n" KEY_A "\n" KEY_A "\n" KEY_A "\n" KEY_A
               "\n#\n" KEY_A,
         "line 10: more than 8"},
    };
    char error[80];

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        request_id_keys_free(keys_of(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (request_id_keys_parse(bad[i].text, error, sizeof error) != NULL)
            fail_msg("\"%s\" passed", bad[i].text);
        if (strstr(error, bad[i].error) == NULL || strstr(error, "00010203") != NULL)
            fail_msg("\"%s\" says \"%s\"", bad[i].text, error);
    }
    request_id_keys_free(NULL);
}

static void a_generated_id_holds_its_fields(void **state)
{
    struct request_id_keys *keys = keys_of(KEY_A);
    struct request_id_generator generator = {keys, 0xABCDE, 0x2A, 0, 0};
    uint64_t high, low;
    char id[REQUEST_ID_UUID_SIZE];

    (void)state;
    request_id_generate(&generator, 0x018BCFE56800, 16, id);
    /* Computed apart from this code: first the owner's 14 bits, then the tag over them. */
    assert_string_equal(id, "018bcfe5-6800-7000-aaf3-7aad1ce702e4");
    request_id_generate(&generator, 0x018BCFE56800, 16, id);
    read_bits(id, &high, &low);
    assert_true(high >> 16 == 0x018BCFE56800);
    assert_int_equal(high >> 12 & 0xF, 7);
    assert_int_equal(high & 0xFFF, 1);
    assert_int_equal(low >> 62, 2);
    assert_int_equal(low >> 42 & 0xFFFFF, 0xABCDE);
    assert_int_equal(low >> 36 & 0x3F, 0x2A);

    generator.instance = REQUEST_ID_INSTANCES - 1;
    generator.thread = REQUEST_ID_THREADS - 1;
    generator.last_ms = 0;
    request_id_generate(&generator, (INT64_C(1) << 48) - 1, 16, id);
    assert_memory_equal(id, "ffffffff-ffff-7000-bfff-fff", 27);
    assert_int_equal(kind_of(keys, id), REQUEST_ID_OURS);
    request_id_keys_free(keys);
}

static void a_flipped_bit_is_never_ours(void **state)
{
    struct request_id_keys *keys = keys_of(KEY_A "\n" KEY_B);
    struct request_id_generator generator = {keys, 1, 2, 0, 0};
    static const char digits[] = "0123456789abcdef";
    char ids[2][REQUEST_ID_UUID_SIZE];
    size_t forged = 0, foreign = 0;

    (void)state;
    request_id_generate(&generator, 1700000000000, 16, ids[0]);
    request_id_derive(keys, 16, 1, "key", 3, ids[1]);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(kind_of(keys, ids[i]), REQUEST_ID_OURS);
        for (size_t at = 0; at < UUID_LEN; at++) {
            for (int bit = 0; bit < 4 && ids[i][at] != '-'; bit++) {
                char id[REQUEST_ID_UUID_SIZE];
                enum request_id_kind kind;

                memcpy(id, ids[i], sizeof id);
                id[at] = digits[(size_t)(strchr(digits, id[at]) - digits) ^ (1u << bit)];
                kind = kind_of(keys, id);
                if (kind == REQUEST_ID_OURS)
                    fail_msg("%s passed for %s", id, ids[i]);
                forged += kind == REQUEST_ID_FORGED;
                foreign += kind == REQUEST_ID_FOREIGN;
            }
        }
    }
    /* Of each id, the version's and the variant's six bits take it out of our form. */
    assert_int_equal(foreign, 2 * 6);
    assert_int_equal(forged, 2 * 122);
    request_id_keys_free(keys);
}

static void other_forms_are_foreign(void **state)
{
    static const char *const others[] = {
        "REQ-1",
        "x",
        "018bcfe5-6800-4000-8000-000000000000", /* version 4 */
        "018bcfe5-6800-7000-c000-000000000000", /* variant of Microsoft */
        "018bcfe5-6800-7000-0000-000000000000", /* variant of NCS */
        "018BCFE5-6800-7000-8000-000000000000",
        "018bcfe56800-7000-8000-0000000000000",
        "018bcfe5-6800-7000-8000-00000000000",
        "018bcfe5-6800-7000-8000-0000000000000",
        "018bcfe5-6800-7000-8000-00000000000g",
        "018bcfe5.6800.7000.8000.000000000000",
        "018bcfe5-6800-7000-8000000000000-000",
        "018bcfe568007000800000000000000000000"};
    struct request_id_keys *keys = keys_of(KEY_A);

    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (kind_of(keys, others[i]) != REQUEST_ID_FOREIGN)
            fail_msg("%s is not foreign", others[i]);
    }
    assert_int_equal(kind_of(keys, "018bcfe5-6800-7000-8000-000000000000"), REQUEST_ID_FORGED);
    assert_int_equal(kind_of(keys, "018bcfe5-6800-8000-b000-000000000000"), REQUEST_ID_FORGED);
    request_id_keys_free(keys);
}

static void a_new_key_on_top_changes_no_answer(void **state)
{
    struct request_id_keys *before = keys_of(KEY_A);
    struct request_id_keys *during = keys_of(KEY_B "\n" KEY_A);
    struct request_id_keys *after = keys_of(KEY_B);
    struct request_id_generator old = {before, 1, 0, 0, 0}, new = {during, 2, 0, 0, 0};
    char derived[REQUEST_ID_UUID_SIZE], id[REQUEST_ID_UUID_SIZE];

    (void)state;
    request_id_generate(&old, 1700000000000, 16, id);
    assert_int_equal(kind_of(during, id), REQUEST_ID_OURS);
    assert_int_equal(kind_of(after, id), REQUEST_ID_FORGED);

    request_id_derive(before, 16, 1, "key", 3, derived);
    request_id_derive(during, 16, 1, "key", 3, id);
    assert_string_equal(id, derived);
    assert_int_equal(kind_of(before, derived), REQUEST_ID_OURS);
    assert_int_equal(kind_of(during, derived), REQUEST_ID_OURS);
    request_id_derive(after, 16, 1, "key", 3, id);
    assert_string_not_equal(id, derived);

    request_id_generate(&new, 1700000000000, 16, id);
    assert_int_equal(kind_of(before, id), REQUEST_ID_FORGED);
    assert_int_equal(kind_of(after, id), REQUEST_ID_OURS);
    request_id_keys_free(before);
    request_id_keys_free(during);
    request_id_keys_free(after);
}

static void a_derived_id_belongs_to_one_question(void **state)
{
    static const struct {
        uint64_t user_id, coupon_id;
        const char *key;
        size_t len;
    } questions[] = {
        {16, 1, "key", 3},       {1, 16, "key", 3},      {16, 2, "key", 3},  {17, 1, "key", 3},
        {16, 1, "kez", 3},       {16, 1, "ke", 2},       {16, 1, "key ", 4}, {16, 1, "key\0", 4},
        {16, 1, "", 0},          {1, 61, "key", 3},      {161, 0, "key", 3}, {0, 161, "key", 3},
        {16, 1, "\0key", 4},     {16, 11, "", 0},        {16, 1, "1", 1},    {161, 1, "", 0},
        {16, 1, "KEY", 3},       {16, 256, "", 0},       {16, 1, "\0", 1},   {4096, 1, "", 0},
        {16, UINT64_MAX, "", 0}, {UINT64_MAX, 16, "", 0}};
    enum { COUNT = sizeof questions / sizeof questions[0] };
    struct request_id_keys *keys = keys_of(KEY_A);
    char ids[COUNT][REQUEST_ID_UUID_SIZE], again[REQUEST_ID_UUID_SIZE];

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        request_id_derive(keys, questions[i].user_id, questions[i].coupon_id, questions[i].key,
                          questions[i].len, ids[i]);
        request_id_derive(keys, questions[i].user_id, questions[i].coupon_id, questions[i].key,
                          questions[i].len, again);
        assert_string_equal(ids[i], again);
        assert_int_equal(kind_of(keys, ids[i]), REQUEST_ID_OURS);
        assert_int_equal(ids[i][14], '8');
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(ids[i], ids[j]);
    }
    /* Computed apart from this code; gateways of two releases must agree on it. */
    assert_string_equal(ids[0], "e8d6cc43-16f4-8d06-b052-dd30c26a55b4");
    request_id_keys_free(keys);
}

/* Whose an id is can be seen without storage, and by nobody without the key. */
static void an_id_is_known_as_another_users(void **state)
{
    enum { IDS = 2000 };
    struct request_id_keys *keys = keys_of(KEY_B "\n" KEY_A);
    struct request_id_generator generator = {keys, 1, 2, 0, 0};
    size_t taken = 0;

    (void)state;
    for (uint64_t user = 1; user <= IDS; user++) {
        char ids[2][REQUEST_ID_UUID_SIZE];

        request_id_generate(&generator, 1700000000000, user, ids[0]);
        request_id_derive(keys, user, 1, "key", 3, ids[1]);
        for (size_t i = 0; i < 2; i++) {
            enum request_id_kind other = request_id_classify(keys, ids[i], UUID_LEN, user + 1);

            assert_int_equal(request_id_classify(keys, ids[i], UUID_LEN, user), REQUEST_ID_OURS);
            assert_int_equal(request_id_classify(keys, ids[i], UUID_LEN, 0), REQUEST_ID_OURS);
            assert_true(other == REQUEST_ID_OTHERS || other == REQUEST_ID_OURS);
            taken += other == REQUEST_ID_OURS;
        }
    }
    /* 14 bits leave one in 16384 to chance; with these keys and ids it is always the same ones. */
    assert_in_range(taken, 0, 3);
    assert_int_equal(request_id_classify(keys, "018bcfe5-6800-7000-8000-000000000000", UUID_LEN, 1),
                     REQUEST_ID_FORGED);
    assert_int_equal(request_id_classify(keys, "REQ-1", 5, 1), REQUEST_ID_FOREIGN);
    request_id_keys_free(keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_valid_id_is_of_the_allowed_characters),
        cmocka_unit_test(a_key_file_is_read_line_by_line),
        cmocka_unit_test(a_generated_id_holds_its_fields),
        cmocka_unit_test(a_flipped_bit_is_never_ours),
        cmocka_unit_test(other_forms_are_foreign),
        cmocka_unit_test(a_new_key_on_top_changes_no_answer),
        cmocka_unit_test(a_derived_id_belongs_to_one_question),
        cmocka_unit_test(an_id_is_known_as_another_users),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
