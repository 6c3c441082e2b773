/* What a poll asks: the wait and the place in the log that a second reading finds, and refused
 * where that refuses.
 *
 * Input: the query · the Prefer field (no second line: none). */
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "api-gateway/handlers/result_question.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_text.h"

static bool model_seconds(struct http_slice text, int *seconds)
{
    uint64_t value;

    if (text.len > 9 || !fuzz_decimal(text, true, 0, UINT64_MAX, &value))
        return false;
    *seconds = value < RESULT_WAIT_MAX_S ? (int)value : RESULT_WAIT_MAX_S;
    return true;
}

/* The first "wait=" that begins a member of the list counts; digits up to the first other byte. */
static bool model_prefer(struct http_slice field, int *seconds)
{
    size_t start = 0;

    for (size_t i = 0; i <= field.len; i++) {
        struct http_slice member;

        if (i < field.len && field.data[i] != ',')
            continue;
        while (start < i && (field.data[start] == ' ' || field.data[start] == '\t'))
            start++;
        member = (struct http_slice){field.data + start, i - start};
        start = i + 1;
        if (member.len <= 5 || strncasecmp(member.data, "wait=", 5) != 0)
            continue;
        member = (struct http_slice){member.data + 5, member.len - 5};
        for (size_t digits = 0; digits < member.len; digits++)
            if (member.data[digits] < '0' || member.data[digits] > '9')
                member.len = digits;
        return model_seconds(member, seconds);
    }
    return false;
}

static bool model_location(struct http_slice text, struct result_location *location)
{
    const char *dot = text.len > 0 ? memchr(text.data, '.', text.len) : NULL;
    struct http_slice left, right;
    uint64_t partition, offset;

    if (dot == NULL)
        return false;
    left = (struct http_slice){text.data, (size_t)(dot - text.data)};
    right = (struct http_slice){dot + 1, text.len - left.len - 1};
    if (left.len > 19 || right.len > 19 || !fuzz_decimal(left, true, 0, INT32_MAX, &partition) ||
        !fuzz_decimal(right, true, 0, INT64_MAX, &offset))
        return false;
    *location = (struct result_location){(int32_t)partition, (int64_t)offset};
    return true;
}

static bool model_question(struct http_slice query, const struct http_slice *prefer,
                           struct result_question *question)
{
    struct http_slice value;
    size_t count = fuzz_query(query, "wait", &value);

    question->location = RESULT_LOCATION_NONE;
    question->wait_s = 0;
    question->wait_prefer = prefer != NULL && model_prefer(*prefer, &question->wait_s);
    if (count > 0)
        question->wait_prefer = false;
    if (count > 1 || (count == 1 && !model_seconds(value, &question->wait_s)))
        return false;
    count = fuzz_query(query, "at", &value);
    return count == 0 || (count == 1 && model_location(value, &question->location));
}

static void expect_written_and_read(struct result_location location)
{
    struct strbuf text = STRBUF_INIT;
    struct result_location back;

    result_location_write(location, &text);
    EXPECT(result_location_parse(text.data, text.len, &back) &&
               back.partition == location.partition && back.offset == location.offset,
           "%s is not read back", text.data);
    strbuf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct fuzz_text text = {(const char *)bytes, (const char *)bytes + size};
    struct http_slice query = fuzz_line(&text);
    bool has_prefer = query.len < size;
    struct http_slice prefer = fuzz_rest(&text);
    char *query_copy = fuzz_copy(query);
    char *prefer_copy = fuzz_copy(prefer);
    struct http_request request = {
        .method = HTTP_METHOD_GET,
        .query = {query_copy, query.len},
        .params = {{"REQ-1", 5}},
        .param_count = 1,
        .fields = {{{"prefer", 6}, {prefer_copy, prefer.len}}},
        .field_count = has_prefer,
    };
    struct result_question question, expected;
    char error[160] = "";
    bool good = result_question_read(&request, &question, error, sizeof error);

    EXPECT(good == model_question(query, has_prefer ? &prefer : NULL, &expected), "%s",
           good ? "taken" : error);
    EXPECT(good == (error[0] == '\0'), "error \"%s\"", error);
    if (good) {
        EXPECT(question.wait_s == expected.wait_s && question.wait_prefer == expected.wait_prefer,
               "wait %d, expected %d", question.wait_s, expected.wait_s);
        EXPECT(question.wait_s >= 0 && question.wait_s <= RESULT_WAIT_MAX_S, "wait %d",
               question.wait_s);
        EXPECT(question.location.partition == expected.location.partition &&
                   question.location.offset == expected.location.offset,
               "at %" PRId32 ".%" PRId64, question.location.partition, question.location.offset);
    }
    if (good && question.location.partition >= 0)
        expect_written_and_read(question.location);
    free(query_copy);
    free(prefer_copy);
    return 0;
}
