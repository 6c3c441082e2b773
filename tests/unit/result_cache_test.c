/* Final results of the newest requests, as they were first put, byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "api-gateway/result_cache.h"
#include "common/contract/request_id.h"

static void put(struct result_cache *cache, const char *id, const char *json)
{
    result_cache_put(cache, id, strlen(id), json, strlen(json));
}

static void expect(const struct result_cache *cache, const char *id, const char *expected)
{
    size_t len = 0;
    const char *json = result_cache_get(cache, id, strlen(id), &len);

    if (expected == NULL && json != NULL)
        fail_msg("%s: expected nothing, saw \"%.*s\"", id, (int)len, json);
    if (expected != NULL &&
        (json == NULL || len != strlen(expected) || memcmp(json, expected, len) != 0))
        fail_msg("%s: expected \"%s\", saw \"%.*s\"", id, expected, (int)len, json ? json : "");
}

static void what_was_put_is_found(void **state)
{
    struct result_cache *cache = result_cache_new(10);
    char id[REQUEST_ID_MAX + 1], json[] = "{\"a\":1}";
    size_t len;

    (void)state;
    memset(id, 'x', sizeof id);
    id[REQUEST_ID_MAX] = '\0';
    expect(cache, "a", NULL);
    put(cache, "a", json);
    put(cache, id, "long");
    put(cache, "empty", "");
    json[5] = '2'; /* it was copied */
    expect(cache, "a", "{\"a\":1}");
    expect(cache, id, "long");
    expect(cache, "empty", "");
    expect(cache, "A", NULL);
    expect(cache, "aa", NULL);
    assert_null(result_cache_get(cache, id, REQUEST_ID_MAX - 1, &len));
    assert_non_null(result_cache_get(cache, "abc", 1, &len));
    result_cache_free(cache);
    result_cache_free(NULL);
}

static void a_decision_does_not_change(void **state)
{
    struct result_cache *cache = result_cache_new(2);

    (void)state;
    put(cache, "a", "first");
    put(cache, "a", "second");
    expect(cache, "a", "first");
    put(cache, "b", "b");
    expect(cache, "a", "first"); /* the second put took no place */
    result_cache_free(cache);
}

static void the_newest_are_kept(void **state)
{
    struct result_cache *cache = result_cache_new(100);

    (void)state;
    for (int i = 0; i < 1000; i++) {
        char id[16], json[16];

        snprintf(id, sizeof id, "r%d", i);
        snprintf(json, sizeof json, "j%d", i);
        put(cache, id, json);
        for (int j = i > 101 ? i - 101 : 0; j <= i; j++) {
            snprintf(id, sizeof id, "r%d", j);
            snprintf(json, sizeof json, "j%d", j);
            expect(cache, id, j > i - 100 ? json : NULL);
        }
    }
    result_cache_free(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_is_found),
        cmocka_unit_test(a_decision_does_not_change),
        cmocka_unit_test(the_newest_are_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
