#include "api-gateway/auth/token_checker.h"

#include <stdio.h>
#include <stdlib.h>

#include "api-gateway/auth/token_cache.h"
#include "common/base/check.h"
#include "common/metrics/metrics.h"

struct token_checker {
    struct token_keyring *ring;
    struct token_keys *keys;
    uint64_t generation; /* of keys */
    struct token_rules rules;
    struct token_cache *cache;
    struct metric *results[TOKEN_FAULTS];
    struct metric *remembered;
};

static void register_metrics(struct token_checker *checker)
{
    char labels[64];

    for (int i = 0; i < TOKEN_FAULTS; i++) {
        snprintf(labels, sizeof labels, "result=\"%s\"", token_fault_name((enum token_fault)i));
        checker->results[i] =
            metric_counter("coupon_gateway_tokens_total", "Tokens that were checked.", labels);
    }
    checker->remembered = metric_counter("coupon_gateway_tokens_remembered_total",
                                         "Tokens whose signature had been checked before.", NULL);
}

struct token_checker *token_checker_new(struct token_keyring *ring,
                                        const struct jwt_options *options)
{
    struct token_checker *checker = calloc(1, sizeof *checker);

    CHECK(checker, "out of memory");
    checker->ring = ring;
    checker->keys = token_keyring_keys(ring, &checker->generation);
    checker->rules = (struct token_rules){
        .issuer = options->issuer,
        .audience = options->audience,
        .user_claim = options->user_claim,
        .leeway_ms = 1000 * options->leeway_s,
    };
    checker->cache = token_cache_new((size_t)options->cached);
    register_metrics(checker);
    return checker;
}

void token_checker_free(struct token_checker *checker)
{
    if (!checker)
        return;
    token_keys_drop(checker->keys);
    token_cache_free(checker->cache);
    free(checker);
}

/* What an old key had vouched for is asked again. */
static void follow_keys(struct token_checker *checker)
{
    if (token_keyring_generation(checker->ring) == checker->generation)
        return;
    token_keys_drop(checker->keys);
    checker->keys = token_keyring_keys(checker->ring, &checker->generation);
    token_cache_clear(checker->cache);
}

static enum token_fault check_anew(const struct token_checker *checker, const char *text,
                                   size_t len, struct token_claims *claims)
{
    struct token_text token;
    const struct token_key *key;
    char payload[TOKEN_MAX];
    size_t payload_len;
    enum token_fault fault = token_text_read(text, len, &token);

    if (fault != TOKEN_OK)
        return fault;
    key = token_keys_find(checker->keys, &token);
    if (!key)
        return TOKEN_UNKNOWN_KEY;
    if (!token_key_verify(key, &token))
        return TOKEN_SIGNATURE;
    payload_len = token_text_payload(&token, payload);
    return token_claims_read(payload, payload_len, &checker->rules, claims);
}

static enum token_fault check(struct token_checker *checker, const char *text, size_t len,
                              int64_t wall_ms, struct token_claims *claims)
{
    enum token_fault fault;

    follow_keys(checker);
    if (len > TOKEN_MAX)
        return TOKEN_MALFORMED;
    if (token_cache_get(checker->cache, text, len, claims)) {
        metric_add(checker->remembered, 1);
        return token_claims_time(claims, wall_ms);
    }
    fault = check_anew(checker, text, len, claims);
    if (fault == TOKEN_OK)
        fault = token_claims_time(claims, wall_ms);
    if (fault == TOKEN_OK)
        token_cache_put(checker->cache, text, len, claims);
    return fault;
}

enum token_fault token_checker_check(struct token_checker *checker, const char *text, size_t len,
                                     int64_t wall_ms, uint64_t *user_id)
{
    struct token_claims claims;
    enum token_fault fault = check(checker, text, len, wall_ms, &claims);

    metric_add(checker->results[fault], 1);
    if (fault == TOKEN_OK)
        *user_id = claims.user_id;
    return fault;
}
