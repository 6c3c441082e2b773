#include "expiry-batch/pushgateway.h"

#include <stdio.h>
#include <string.h>
#include <curl/curl.h>

#include "common/base/check.h"

#define CONNECT_MS 5000L
#define PUSH_MS 10000L

/* The beginning of an answer: a Pushgateway says there what it does not like. */
struct answer {
    char text[160];
    size_t len;
};

bool pushgateway_check(const char *url, char *error, size_t error_size)
{
    const char *host = NULL;

    if (strncmp(url, "http://", 7) == 0)
        host = url + 7;
    else if (strncmp(url, "https://", 8) == 0)
        host = url + 8;
    if (host && *host != '\0' && *host != '/' && !strpbrk(host, "?# "))
        return true;
    snprintf(error, error_size, "--pushgateway %s: a URL such as http://pushgateway:9091 is wanted",
             url);
    return false;
}

static size_t keep_answer(char *bytes, size_t size, size_t count, void *cookie)
{
    struct answer *answer = cookie;
    size_t room = sizeof answer->text - 1 - answer->len;
    size_t kept = size * count < room ? size * count : room;

    memcpy(answer->text + answer->len, bytes, kept);
    answer->len += kept;
    answer->text[answer->len] = '\0';
    return size * count;
}

static void set_up(CURL *curl, const char *url, struct answer *answer, char *problem)
{
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, "PUT");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, PUSH_MS);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "coupon-rush/" COUPON_VERSION);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep_answer);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, problem);
}

bool pushgateway_put(const char *url, const char *job, const struct strbuf *metrics, char *error,
                     size_t error_size)
{
    size_t url_len = strlen(url);
    struct answer answer = {.len = 0};
    char problem[CURL_ERROR_SIZE] = "";
    struct strbuf place = STRBUF_INIT;
    struct curl_slist *headers;
    long status = 0;
    CURLcode code;
    CURL *curl;

    CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK, "curl_global_init");
    curl = curl_easy_init();
    headers = curl_slist_append(NULL, "Content-Type: text/plain; version=0.0.4");
    CHECK(curl && headers, "out of memory");
    while (url_len > 0 && url[url_len - 1] == '/')
        url_len--;
    strbuf_addf(&place, "%.*s/metrics/job/%s", (int)url_len, url, job);
    set_up(curl, place.data, &answer, problem);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)metrics->len);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, metrics->data);
    code = curl_easy_perform(curl);
    if (code == CURLE_OK)
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK)
        snprintf(error, error_size, "%s", problem[0] ? problem : curl_easy_strerror(code));
    else
        snprintf(error, error_size, "it answered %ld: %s", status, answer.text);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    curl_global_cleanup();
    strbuf_free(&place);
    return code == CURLE_OK && status / 100 == 2;
}
