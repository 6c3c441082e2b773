/* A strbuf holds exactly what was added, grows seldom, and its JSON strings can be read by others.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "common/base/strbuf.h"

static uint64_t next_random(void)
{
    static uint64_t random = 88172645463325252u;

    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    return random;
}

static void expect_number(uint64_t number)
{
    struct strbuf buffer = STRBUF_INIT;
    char expected[32];

    snprintf(expected, sizeof expected, "<%" PRIu64, number);
    strbuf_add_text(&buffer, "<");
    strbuf_add_u64(&buffer, number);
    assert_string_equal(buffer.data, expected);
    assert_int_equal(buffer.len, strlen(expected));
    strbuf_free(&buffer);
}

static void writes_numbers(void **state)
{
    uint64_t power = 1;

    (void)state;
    for (uint64_t number = 0; number <= 1100; number++)
        expect_number(number);
    for (int digits = 1; digits <= 20; digits++, power *= 10) {
        expect_number(power - 1);
        expect_number(power);
        expect_number(power + 1);
    }
    expect_number(UINT64_MAX);
    for (int i = 0; i < 10000; i++)
        expect_number(next_random() >> (next_random() % 64));
}

static void grows_seldom(void **state)
{
    struct strbuf buffer = STRBUF_INIT;
    size_t capacity = 0;
    int growths = 0;

    (void)state;
    for (size_t i = 0; i < 1000000; i++) {
        char byte = (char)('a' + i % 26);

        strbuf_add(&buffer, &byte, 1);
        assert_int_equal(buffer.data[buffer.len], '\0');
        if (buffer.capacity != capacity)
            growths++;
        capacity = buffer.capacity;
    }
    assert_int_equal(buffer.len, 1000000);
    for (size_t i = 0; i < buffer.len; i++)
        assert_int_equal(buffer.data[i], 'a' + (int)(i % 26));
    assert_in_range(growths, 2, 20);
    strbuf_free(&buffer);
    assert_null(buffer.data);
    assert_int_equal(buffer.len + buffer.capacity, 0);
}

/* The text may end before, at and behind the end of the memory that is there. */
static void formats_at_every_distance_from_the_end(void **state)
{
    (void)state;
    for (int before = 0; before < 130; before++) {
        for (int added = 0; added < 130; added++) {
            struct strbuf buffer = STRBUF_INIT;
            char expected[300];

            strbuf_addf(&buffer, "%*s", before, "");
            strbuf_addf(&buffer, "%0*d", added, 7);
            snprintf(expected, sizeof expected, "%*s%0*d", before, "", added, 7);
            assert_string_equal(buffer.data, expected);
            assert_int_equal(buffer.len, strlen(expected));
            strbuf_free(&buffer);
        }
    }
}

static void keeps_memory_when_cleared(void **state)
{
    struct strbuf buffer = STRBUF_INIT;
    char *memory;

    (void)state;
    strbuf_clear(&buffer);
    strbuf_add_text(&buffer, "something");
    memory = buffer.data;
    strbuf_clear(&buffer);
    assert_string_equal(buffer.data, "");
    assert_int_equal(buffer.len, 0);
    strbuf_add(&buffer, NULL, 0);
    strbuf_add(&buffer, "a\0b", 3);
    assert_ptr_equal(buffer.data, memory);
    assert_memory_equal(buffer.data, "a\0b", 4);
    strbuf_free(&buffer);
    strbuf_free(&buffer);
}

static void reserves_room_for_all_and_a_nul(void **state)
{
    struct strbuf buffer = STRBUF_INIT;

    (void)state;
    for (size_t extra = 0; extra < 300; extra++) {
        char *end = strbuf_reserve(&buffer, extra);

        assert_ptr_equal(end, buffer.data + buffer.len);
        assert_true(buffer.capacity - buffer.len >= extra + 1);
        memset(end, 'x', extra);
        end[extra] = '\0';
        buffer.len += extra;
    }
    assert_int_equal(strlen(buffer.data), 299 * 300 / 2);
    strbuf_free(&buffer);
}

static const struct {
    const char *text, *json;
} strings[] = {
    {"", "\"\""},
    {"plain", "\"plain\""},
    {"a\"b\\c/", "\"a\\\"b\\\\c/\""},
    {"\n\r\t", "\"\\n\\r\\t\""},
    {"\x01\x1f\x7f", "\"\\u0001\\u001f\\u007f\""},
    {"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x8e\x9f", "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x8e\x9f\""},
    {"\xff", "\"\xef\xbf\xbd\""},
    {"a\x80z", "\"a\xef\xbf\xbdz\""},
    {"\xc3", "\"\xef\xbf\xbd\""},
    {"\xc3(", "\"\xef\xbf\xbd(\""},
    {"\xe2\x82", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
    {"\xc0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
    {"\xe0\x9f\xbf", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
    {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
    {"\xed\x9f\xbf\xee\x80\x80", "\"\xed\x9f\xbf\xee\x80\x80\""},
    {"\xf0\x8f\xbf\xbf", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
    {"\xf4\x8f\xbf\xbf", "\"\xf4\x8f\xbf\xbf\""},
    {"\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
    {"\xf0\x9f\x8e", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
    {"\xf5\x80\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
};

static void escapes_strings(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++) {
        struct strbuf buffer = STRBUF_INIT;

        strbuf_add_json_string(&buffer, strings[i].text, strlen(strings[i].text));
        assert_string_equal(buffer.data, strings[i].json);
        assert_int_equal(buffer.len, strlen(strings[i].json));
        strbuf_free(&buffer);
    }
}

static json_t *read_json(const struct strbuf *buffer)
{
    json_error_t error;
    json_t *json = json_loadb(buffer->data, buffer->len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);

    if (json == NULL)
        fail_msg("%s: %s", buffer->data, error.text);
    return json;
}

static void any_bytes_give_a_string(void **state)
{
    (void)state;
    for (int i = 0; i < 20000; i++) {
        struct strbuf buffer = STRBUF_INIT;
        char bytes[24];
        size_t len = next_random() % sizeof bytes;

        for (size_t j = 0; j < len; j++)
            bytes[j] = (char)(next_random() >> (next_random() % 2 == 0 ? 8 : 57));
        strbuf_add_json_string(&buffer, bytes, len);
        json_decref(read_json(&buffer));
        strbuf_free(&buffer);
    }
}

/* Writes a character's UTF-8 and returns its length. */
static size_t put_character(uint32_t character, char *out)
{
    if (character < 0x80) {
        out[0] = (char)character;
        return 1;
    }
    if (character < 0x800) {
        out[0] = (char)(0xC0 | character >> 6);
        out[1] = (char)(0x80 | (character & 0x3F));
        return 2;
    }
    if (character < 0x10000) {
        out[0] = (char)(0xE0 | character >> 12);
        out[1] = (char)(0x80 | (character >> 6 & 0x3F));
        out[2] = (char)(0x80 | (character & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | character >> 18);
    out[1] = (char)(0x80 | (character >> 12 & 0x3F));
    out[2] = (char)(0x80 | (character >> 6 & 0x3F));
    out[3] = (char)(0x80 | (character & 0x3F));
    return 4;
}

static void every_character_survives(void **state)
{
    struct strbuf buffer = STRBUF_INIT;
    char text[1024];

    (void)state;
    for (uint32_t character = 0; character <= 0x10FFFF;) {
        size_t len = 0;
        json_t *json;

        for (; len < sizeof text - 4 && character <= 0x10FFFF; character++) {
            if (character < 0xD800 || character > 0xDFFF)
                len += put_character(character, text + len);
        }
        strbuf_clear(&buffer);
        strbuf_add_json_string(&buffer, text, len);
        json = read_json(&buffer);
        assert_int_equal(json_string_length(json), len);
        assert_memory_equal(json_string_value(json), text, len);
        json_decref(json);
    }
    strbuf_free(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_numbers),
        cmocka_unit_test(grows_seldom),
        cmocka_unit_test(formats_at_every_distance_from_the_end),
        cmocka_unit_test(keeps_memory_when_cleared),
        cmocka_unit_test(reserves_room_for_all_and_a_nul),
        cmocka_unit_test(escapes_strings),
        cmocka_unit_test(any_bytes_give_a_string),
        cmocka_unit_test(every_character_survives),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
