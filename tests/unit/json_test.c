/* Whatever the bytes are: an object with exact numbers, or a clear fault; never a crash, never a
 * wrong number, and nothing of the input in the fault's text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/timestamp.h"
#include "common/contract/json.h"
#include "tests/unit/random.h"

#define BYTES(literal) literal, sizeof(literal) - 1

static const struct {
    const char *bytes;
    size_t len;
    enum json_fault fault;
    const char *text;
} faults[] = {
    {BYTES(""), JSON_INVALID, "empty"},
    {BYTES(" \n"), JSON_INVALID, "too early"},
    {BYTES("{"), JSON_INVALID, "too early"},
    {BYTES("{\"a\":1"), JSON_INVALID, "too early"},
    {BYTES("{\"a"), JSON_INVALID, "too early"},
    {BYTES("{\"a\":1}x"), JSON_INVALID, "follows"},
    {BYTES("{\"a\":1}{}"), JSON_INVALID, "follows"},
    {BYTES("{\"a\":1},"), JSON_INVALID, "follows"},
    {BYTES("{a:1}"), JSON_INVALID, "not JSON"},
    {BYTES("{'a':1}"), JSON_INVALID, "not JSON"},
    {BYTES("{\"a\":1,}"), JSON_INVALID, "not JSON"},
    {BYTES("{\"a\" 1}"), JSON_INVALID, "not JSON"},
    {BYTES("{\"a\":01}"), JSON_INVALID, "not JSON"},
    {BYTES("{\"a\":-01}"), JSON_INVALID, "not JSON"},
    {BYTES("{\"a\":+1}"), JSON_INVALID, "not JSON"},
    {BYTES("{\"a\":0x10}"), JSON_INVALID, "not JSON"},
    {BYTES("{\"a\":.5}"), JSON_INVALID, "not JSON"},
    {BYTES("{\"a\":1.}"), JSON_INVALID, "not JSON"},
    {BYTES("{\"a\":1e}"), JSON_INVALID, "not JSON"},
    {BYTES("{\"a\":NaN}"), JSON_INVALID, "not JSON"},
    {BYTES("{\"a\":Infinity}"), JSON_INVALID, "not JSON"},
    {BYTES("{\"a\":True}"), JSON_INVALID, "not JSON"},
    {BYTES("{\"a\":/* */1}"), JSON_INVALID, "not JSON"},
    {BYTES("\xEF\xBB\xBF{\"a\":1}"), JSON_INVALID, "not JSON"},
    {BYTES("{\"a\":\"\n\"}"), JSON_INVALID, "not JSON"},
    {BYTES("{\"a\":\"\x1F\"}"), JSON_INVALID, "not JSON"},
    {BYTES("{\"a\":\"\\x\"}"), JSON_INVALID, "not JSON"},
    {BYTES("{\"a\":\"\\u12\"}"), JSON_INVALID, "not JSON"},
    {BYTES("{\"a\":\"\\uD800\"}"), JSON_INVALID, "not JSON"},
    {BYTES("{\"a\":\"\\uDC00\"}"), JSON_INVALID, "not JSON"},
    {BYTES("{\"a\":\"\\uD800\\u0041\"}"), JSON_INVALID, "not JSON"},
    {BYTES("{\"\\uD800\":1}"), JSON_INVALID, "not JSON"},
    {BYTES("{\"a\":\"\x80\"}"), JSON_INVALID, "UTF-8"},
    {BYTES("{\"a\":\"\xFF\"}"), JSON_INVALID, "UTF-8"},
    {BYTES("{\"a\":\"\xC0\xAF\"}"), JSON_INVALID, "UTF-8"},
    {BYTES("{\"a\":\"\xE2\x82\"}"), JSON_INVALID, "UTF-8"},
    {BYTES("{\"a\":\"\xED\xA0\x80\"}"), JSON_INVALID, "UTF-8"},
    {BYTES("{\"a\":\"\xF4\x90\x80\x80\"}"), JSON_INVALID, "UTF-8"},
    {BYTES("{\"a\":1\0}"), JSON_INVALID, "NUL byte"},
    {BYTES("{\"a\":true\0}"), JSON_INVALID, "NUL byte"},
    {BYTES("{\"a\":\"\0\"}"), JSON_INVALID, "NUL byte"},
    {BYTES("{\"a\":1}\0"), JSON_INVALID, "NUL byte"},
    {BYTES("\0"), JSON_INVALID, "NUL byte"},
    {BYTES("{\"a\":1,\"a\":1}"), JSON_UNUSABLE, "twice"},
    {BYTES("{\"a\":1,\"\\u0061\":2}"), JSON_UNUSABLE, "twice"},
    {BYTES("{\"b\":{\"a\":1,\"a\":1}}"), JSON_UNUSABLE, "twice"},
    {BYTES("{\"a\":\"\\u0000\"}"), JSON_UNUSABLE, "NUL"},
    {BYTES("{\"\\u0000a\":1}"), JSON_UNUSABLE, "NUL"},
    {BYTES("{\"a\":1e400}"), JSON_UNUSABLE, "out of range"},
    {BYTES("{\"a\":-1e400}"), JSON_UNUSABLE, "out of range"},
    {BYTES("{\"a\":9223372036854775808}"), JSON_UNUSABLE, "out of range"},
    {BYTES("{\"a\":-9223372036854775809}"), JSON_UNUSABLE, "out of range"},
    {BYTES("{\"a\":100000000000000000000000000000}"), JSON_UNUSABLE, "out of range"},
    {BYTES("[]"), JSON_NOT_OBJECT, "an array"},
    {BYTES("[{}]"), JSON_NOT_OBJECT, "an array"},
    {BYTES("1"), JSON_NOT_OBJECT, "a number"},
    {BYTES("-1.5e3"), JSON_NOT_OBJECT, "a number"},
    {BYTES("\"{}\""), JSON_NOT_OBJECT, "a string"},
    {BYTES("true"), JSON_NOT_OBJECT, "a boolean"},
    {BYTES("null"), JSON_NOT_OBJECT, "null"},
};

static void each_fault_has_its_class(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct json_t *object = (struct json_t *)&object;
        char text[80] = "";
        enum json_fault fault =
            json_read_object(faults[i].bytes, faults[i].len, &object, text, sizeof text);

        if (fault != faults[i].fault || object != NULL || strstr(text, faults[i].text) == NULL)
            fail_msg("\"%s\" (row %zu): fault %d \"%s\", expected %d \"…%s…\"", faults[i].bytes, i,
                     (int)fault, text, (int)faults[i].fault, faults[i].text);
        assert_int_equal(json_read_object(faults[i].bytes, faults[i].len, &object, NULL, 0),
                         faults[i].fault);
    }
}

static void a_fault_tells_nothing_of_the_input(void **state)
{
    static const char *const bodies[] = {"{\"a\":1,\"hunter2\":1,\"hunter2\":2}",
                                         "{\"a\":hunter2}",
                                         "{\"a\":\"hunter2\\x\"}",
                                         "{\"a\":1}hunter2",
                                         "{\"a\":\"hunter2",
                                         "\"hunter2\""};
    struct json_t *object;
    char text[80];

    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        assert_int_not_equal(
            json_read_object(bodies[i], strlen(bodies[i]), &object, text, sizeof text), JSON_OK);
        if (strstr(text, "hunter2") != NULL)
            fail_msg("\"%s\" says \"%s\"", bodies[i], text);
    }
}

static struct json_t *read_good(const char *body)
{
    struct json_t *object;
    char text[80] = "";

    if (json_read_object(body, strlen(body), &object, text, sizeof text) != JSON_OK)
        fail_msg("\"%s\" was refused: %s", body, text);
    return object;
}

static void nesting_ends_in_a_fault(void **state)
{
    static const size_t depths[] = {2, 100, 1000, 5000, 200000};
    struct json_t *object;

    (void)state;
    for (size_t i = 0; i < sizeof depths / sizeof depths[0]; i++) {
        size_t depth = depths[i];
        char *body = malloc(2 * depth + 6);
        enum json_fault fault;

        assert_non_null(body);
        memcpy(body, "{\"a\":", 5);
        memset(body + 5, '[', depth);
        memset(body + 5 + depth, ']', depth);
        body[5 + 2 * depth] = '}';
        fault = json_read_object(body, 2 * depth + 6, &object, NULL, 0);
        assert_int_equal(fault, depth > 2000 ? JSON_UNUSABLE : JSON_OK);
        json_free(object);
        free(body);
    }
}

static const char sample[] = "{\"id\":9007199254740993,\"text\":\"\xED\x95\x9C\\uD83D\\uDE00\\n\","
                             "\"real\":-1.5e-3,\"list\":[true,false,null,{\"b\":{}}]}";

static void a_truncated_object_is_invalid(void **state)
{
    struct json_t *object;

    (void)state;
    for (size_t len = 1; len < sizeof sample - 1; len++) {
        char *copy = malloc(len);

        /* Of this very size, so that a read beyond it is seen. */
        assert_non_null(copy);
        memcpy(copy, sample, len);
        assert_int_equal(json_read_object(copy, len, &object, NULL, 0), JSON_INVALID);
        assert_null(object);
        free(copy);
    }
}

static void a_flipped_bit_is_a_fault_or_an_object(void **state)
{
    char body[sizeof sample];
    size_t good = 0;

    (void)state;
    for (size_t bit = 0; bit < 8 * (sizeof sample - 1); bit++) {
        struct json_t *object;
        enum json_fault fault;

        memcpy(body, sample, sizeof sample);
        body[bit / 8] = (char)(body[bit / 8] ^ (1 << bit % 8));
        fault = json_read_object(body, sizeof sample - 1, &object, NULL, 0);
        assert_true((fault == JSON_OK) == (object != NULL));
        good += fault == JSON_OK;
        json_free(object);
    }
    /* Most letters of a string may change, hardly anything else. */
    assert_in_range(good, 50, 4 * sizeof sample);
}

/* Shuffled pieces of JSON reach every branch of the reader; a refusal without a code would abort.
 */
static void pieces_in_any_order_end_in_a_fault_or_an_object(void **state)
{
    static const char *const pieces[] = {
        "{",    "}",       "[",  "]",           ",",          ":",     "\"a\"", "\"b\":",
        "1",    "-",       "0",  ".",           "e5",         "true",  "nul",   "null",
        "\\",   "\"",      " ",  "\xC3",        "\xA9",       "\\u00", "\\uD8", "\x01",
        "1e99", "{\"a\":", "}}", "12345678901", "9999999999", "\n",    "\xFE",  "\"\\u0000\""};
    uint64_t random = 1;
    size_t counts[4] = {0};

    (void)state;
    for (int round = 0; round < 300000; round++) {
        char body[128] = "{";
        size_t want = random_u64(&random) % 8;
        struct json_t *object;
        enum json_fault fault;

        for (size_t i = 0; i < want; i++)
            strcat(body, pieces[random_u64(&random) % (sizeof pieces / sizeof pieces[0])]);
        fault =
            json_read_object(body + random_u64(&random) % 2, strlen(body + 1), &object, NULL, 0);
        assert_true((fault == JSON_OK) == (object != NULL));
        counts[fault]++;
        json_free(object);
    }
    for (size_t i = 0; i < 4; i++)
        assert_true(counts[i] > 0);
}

static void an_id_is_an_exact_integer(void **state)
{
    static const struct {
        const char *body;
        enum json_field field;
        uint64_t id;
    } rows[] = {
        {"{\"id\":1}", JSON_FIELD_PRESENT, 1},
        {"{\"id\":9007199254740993}", JSON_FIELD_PRESENT, 9007199254740993},
        {"{\"id\":9223372036854775807}", JSON_FIELD_PRESENT, INT64_MAX},
        {"{\"id\":9223372036854775806}", JSON_FIELD_PRESENT, INT64_MAX - 1},
        {"{}", JSON_FIELD_ABSENT, 0},
        {"{\"ID\":1}", JSON_FIELD_ABSENT, 0},
        {"{\"id\":null}", JSON_FIELD_ABSENT, 0},
        {"{\"a\":{\"id\":1}}", JSON_FIELD_ABSENT, 0},
        {"{\"id\":0}", JSON_FIELD_WRONG, 0},
        {"{\"id\":-0}", JSON_FIELD_WRONG, 0},
        {"{\"id\":-1}", JSON_FIELD_WRONG, 0},
        {"{\"id\":-9223372036854775808}", JSON_FIELD_WRONG, 0},
        {"{\"id\":1.0}", JSON_FIELD_WRONG, 0},
        {"{\"id\":1e2}", JSON_FIELD_WRONG, 0},
        {"{\"id\":\"1\"}", JSON_FIELD_WRONG, 0},
        {"{\"id\":true}", JSON_FIELD_WRONG, 0},
        {"{\"id\":[1]}", JSON_FIELD_WRONG, 0},
        {"{\"id\":{}}", JSON_FIELD_WRONG, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct json_t *object = read_good(rows[i].body);
        uint64_t id = 0;
        enum json_field field = json_get_id(object, "id", &id);

        if (field != rows[i].field || id != rows[i].id)
            fail_msg("%s: field %d, id %llu", rows[i].body, (int)field, (unsigned long long)id);
        json_free(object);
    }
}

static void an_integer_keeps_to_its_bounds(void **state)
{
    struct json_t *object = read_good("{\"five\":5,\"low\":-9223372036854775808,\"real\":5.0}");
    int64_t number = 77;

    (void)state;
    assert_int_equal(json_get_integer(object, "five", 6, 9, &number), JSON_FIELD_WRONG);
    assert_int_equal(json_get_integer(object, "five", 1, 4, &number), JSON_FIELD_WRONG);
    assert_int_equal(json_get_integer(object, "real", 0, 9, &number), JSON_FIELD_WRONG);
    assert_int_equal(json_get_integer(object, "none", 1, 9, &number), JSON_FIELD_ABSENT);
    assert_int_equal(number, 77);
    assert_int_equal(json_get_integer(object, "five", 5, 5, &number), JSON_FIELD_PRESENT);
    assert_int_equal(number, 5);
    assert_int_equal(json_get_integer(object, "low", INT64_MIN, 0, &number), JSON_FIELD_PRESENT);
    assert_true(number == INT64_MIN);
    json_free(object);
}

static void text_and_time_have_one_type(void **state)
{
    struct json_t *object =
        read_good("{\"text\":\"a\\n\xED\x95\x9C\",\"empty\":\"\",\"no\":1,\"null\":null,"
                  "\"rfc\":\"2022-02-26T11:31:42Z\",\"java\":\"2022-02-26T11:31:42\","
                  "\"ms\":1645875102123,\"zero\":0,\"max\":253402300799999,"
                  "\"late\":253402300800000,\"early\":-1,\"real\":1645875102.5,\"bool\":true}");
    static const char *const wrong[] = {"text", "empty", "late", "early", "real", "bool"};
    const char *text = NULL;
    size_t len = 0;
    int64_t ms = 77;

    (void)state;
    assert_int_equal(json_get_text(object, "no", &text, &len), JSON_FIELD_WRONG);
    assert_int_equal(json_get_text(object, "null", &text, &len), JSON_FIELD_ABSENT);
    assert_null(text);
    assert_int_equal(json_get_text(object, "text", &text, &len), JSON_FIELD_PRESENT);
    assert_int_equal(len, 5);
    assert_string_equal(text, "a\n\xED\x95\x9C");
    assert_int_equal(json_get_text(object, "empty", &text, &len), JSON_FIELD_PRESENT);
    assert_int_equal(len, 0);

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(json_get_time(object, wrong[i], &ms), JSON_FIELD_WRONG);
    assert_int_equal(json_get_time(object, "null", &ms), JSON_FIELD_ABSENT);
    assert_int_equal(ms, 77);
    assert_int_equal(json_get_time(object, "rfc", &ms), JSON_FIELD_PRESENT);
    assert_int_equal(ms, 1645875102000);
    assert_int_equal(json_get_time(object, "java", &ms), JSON_FIELD_PRESENT);
    assert_int_equal(ms, 1645875102000);
    assert_int_equal(json_get_time(object, "ms", &ms), JSON_FIELD_PRESENT);
    assert_int_equal(ms, 1645875102123);
    assert_int_equal(json_get_time(object, "zero", &ms), JSON_FIELD_PRESENT);
    assert_int_equal(ms, 0);
    assert_int_equal(json_get_time(object, "max", &ms), JSON_FIELD_PRESENT);
    assert_true(ms == TIMESTAMP_MAX_MS);
    json_free(object);
}

static void an_unknown_member_is_named(void **state)
{
    static const char *const names[] = {"a", "b"};
    struct json_t *object = read_good("{\"b\":1}");

    (void)state;
    assert_null(json_unknown_member(object, names, 2));
    assert_string_equal(json_unknown_member(object, names, 1), "b");
    json_free(object);
    object = read_good("{\"a\":1,\"B\":null,\"b\":2}");
    assert_string_equal(json_unknown_member(object, names, 2), "B");
    json_free(object);
    json_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fault_has_its_class),
        cmocka_unit_test(a_fault_tells_nothing_of_the_input),
        cmocka_unit_test(nesting_ends_in_a_fault),
        cmocka_unit_test(a_truncated_object_is_invalid),
        cmocka_unit_test(a_flipped_bit_is_a_fault_or_an_object),
        cmocka_unit_test(pieces_in_any_order_end_in_a_fault_or_an_object),
        cmocka_unit_test(an_id_is_an_exact_integer),
        cmocka_unit_test(an_integer_keeps_to_its_bounds),
        cmocka_unit_test(text_and_time_have_one_type),
        cmocka_unit_test(an_unknown_member_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
