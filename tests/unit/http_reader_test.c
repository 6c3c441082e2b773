/* Goal: a byte stream becomes the same requests however it is cut, with slices that stay right
 * while the reader's buffer grows, and no random bytes upset it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/http/http_reader.h"
#include "common/base/strbuf.h"

#define MAX_HEAD 4096
#define MAX_BODY 8192

/* Read all of text in pieces of step bytes, and write what the requests are to seen. */
static void read_all(const char *text, size_t len, size_t step, struct strbuf *seen)
{
    struct http_reader reader;
    size_t at = 0;

    strbuf_clear(seen);
    http_reader_init(&reader, MAX_HEAD);
    while (at < len && reader.state != HTTP_READER_FAILED) {
        char *piece = malloc(step);
        size_t piece_len = len - at < step ? len - at : step;

        memcpy(piece, text + at, piece_len);
        at += http_reader_feed(&reader, piece, piece_len);
        free(piece);
        if (reader.state == HTTP_READER_HEAD_DONE)
            http_reader_accept_body(&reader, MAX_BODY);
        if (reader.state == HTTP_READER_DONE) {
            const struct http_request *request = &reader.request;

            strbuf_addf(seen, "%d %.*s?%.*s", request->method, (int)request->path.len,
                        request->path.data, (int)request->query.len, request->query.data);
            for (size_t i = 0; i < request->field_count; i++)
                strbuf_addf(seen, " %.*s=%.*s", (int)request->fields[i].name.len,
                            request->fields[i].name.data, (int)request->fields[i].value.len,
                            request->fields[i].value.data);
            strbuf_addf(seen, " body=%.*s\n", (int)request->body.len, request->body.data);
            http_reader_next(&reader);
        }
    }
    if (reader.state == HTTP_READER_FAILED)
        strbuf_addf(seen, "failed %d %s\n", reader.refusal->status, reader.refusal->code);
    http_reader_free(&reader);
}

static void however_it_is_cut(void **state)
{
    struct strbuf text = STRBUF_INIT;
    struct strbuf whole = STRBUF_INIT;
    struct strbuf cut = STRBUF_INIT;

    (void)state;
    strbuf_add_text(&text,
                    "GET /a?b=c HTTP/1.1\r\nHost: h\r\nX-Empty:\r\nX-Tag:\t v w \t\r\n\r\n\r\n"
                    "POST http://h/b HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
                    "BREW /c? HTTP/1.1\r\nhOST: h\r\n\r\n"
                    "PUT /d HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                    "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
                    "PUT /long?q HTTP/1.1\r\nHost: h\r\n");
    for (int i = 0; i < 40; i++)
        strbuf_addf(&text, "X-Field-%d: %040d\r\n", i, i);
    strbuf_add_text(&text, "Content-Length: 6000\r\n\r\n");
    for (int i = 0; i < 1000; i++)
        strbuf_addf(&text, "%06d", i);
    strbuf_add_text(&text, "GET /end HTTP/1.0\r\n\r\nGET /bad\r\n");
    read_all(text.data, text.len, text.len, &whole);
    assert_non_null(strstr(whole.data, "0 /a?b=c host=h x-empty= x-tag=v w body=\n"
                                       "2 /b? host=h content-length=3 body=abc\n"
                                       "7 /c? host=h body=\n"
                                       "3 /d? host=h transfer-encoding=chunked body=abc\n"
                                       "3 /long?q host=h x-field-0=000"));
    assert_non_null(strstr(whole.data, " body=000000000001000002"));
    assert_non_null(strstr(whole.data, "000999\n0 /end? body=\nfailed 400 BAD_REQUEST\n"));
    for (size_t step = 1; step < text.len; step += step < 200 ? 1 : 97) {
        read_all(text.data, text.len, step, &cut);
        if (strcmp(whole.data, cut.data) != 0)
            fail_msg("%zu bytes a time: expected\n%s\nsaw\n%s", step, whole.data, cut.data);
    }
    strbuf_free(&text);
    strbuf_free(&whole);
    strbuf_free(&cut);
}

/* Flip, drop and double bytes of good requests: any outcome but a crash, and the same one however
 * the bytes are cut. Run with sanitizers. */
static void mangled_bytes(void **state)
{
    static const char good[] = "POST /a/b?c=d HTTP/1.1\r\nHost: h:80\r\nX-Tag: v\r\n"
                               "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
                               "\r\n3;x=y\r\nabc\r\n0\r\nA: b\r\n\r\n"
                               "GET /c HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nxy";
    static const char odd[] = "\r\n\0\t :;,+-0x\x7f\x80\xff#?/@";
    struct strbuf whole = STRBUF_INIT;
    struct strbuf cut = STRBUF_INIT;
    unsigned seed = 1;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        char bytes[sizeof good + 8];
        size_t len = sizeof good - 1;

        memcpy(bytes, good, len);
        for (int change = rand_r(&seed) % 3; change >= 0; change--) {
            size_t at = (size_t)rand_r(&seed) % (len - 1);

            switch (rand_r(&seed) % 3) {
            case 0:
                bytes[at] = odd[(size_t)rand_r(&seed) % (sizeof odd - 1)];
                break;
            case 1:
                memmove(bytes + at, bytes + at + 1, len - at - 1);
                len--;
                break;
            default:
                memmove(bytes + at + 1, bytes + at, len - at);
                len++;
                break;
            }
        }
        read_all(bytes, len, len, &whole);
        read_all(bytes, len, 1 + (size_t)rand_r(&seed) % 9, &cut);
        strbuf_add_text(&whole, "");
        strbuf_add_text(&cut, "");
        if (strcmp(whole.data, cut.data) != 0)
            fail_msg("round %d: expected\n%s\nsaw\n%s", round, whole.data, cut.data);
    }
    strbuf_free(&whole);
    strbuf_free(&cut);
}

/* A chunked body over the limit fails before its data is there; so does a long one by its length.
 */
static void body_limit(void **state)
{
    static const char *const heads[] = {
        "PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 8193\r\n\r\n",
        "PUT /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2001\r\n",
    };
    struct strbuf seen = STRBUF_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        read_all(heads[i], strlen(heads[i]), 7, &seen);
        assert_string_equal(seen.data, "failed 413 CONTENT_TOO_LARGE\n");
    }
    strbuf_free(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(however_it_is_cut),
        cmocka_unit_test(mangled_bytes),
        cmocka_unit_test(body_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
