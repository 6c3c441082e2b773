#include "common/redis/redis_tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <hiredis.h>

#include "common/base/check.h"

#ifdef HAVE_REDIS_TLS

#include <hiredis_ssl.h>

#include "common/tls/tls_context.h"

struct redis_tls {
    const struct redis_options *options;
    SSL_CTX *context;
};

bool redis_tls_check(const struct redis_options *options, char *error, size_t error_size)
{
    return tls_options_check(&options->tls, "redis", error, error_size);
}

struct redis_tls *redis_tls_new(const struct redis_options *options)
{
    struct redis_tls *tls;
    char error[256];

    if (!tls_options_on(&options->tls))
        return NULL;
    tls = calloc(1, sizeof *tls);
    CHECK(tls, "out of memory");
    tls->options = options;
    tls->context = tls_context_new(&options->tls, "redis", error, sizeof error);
    CHECK(tls->context, "%s", error);
    return tls;
}

void redis_tls_free(struct redis_tls *tls)
{
    if (!tls)
        return;
    SSL_CTX_free(tls->context);
    free(tls);
}

/* Of one server the name that was given; a gateway may know only the address that it had for it. */
static const char *name_of(const struct redis_options *options, const char *host)
{
    if (options->tls_name)
        return options->tls_name;
    return options->sentinels ? host : options->host;
}

const char *redis_tls_begin(struct redis_tls *tls, struct redisContext *context, const char *host)
{
    SSL *ssl;

    if (!tls)
        return NULL;
    ssl = tls_context_connection(tls->context, "Redis", name_of(tls->options, host));
    if (redisInitiateSSL(context, ssl) == REDIS_OK)
        return NULL;
    SSL_free(ssl); /* it is hiredis' own only if that went well */
    return context->errstr;
}

#else

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)
#define HIREDIS_TEXT TEXT(HIREDIS_MAJOR) "." TEXT(HIREDIS_MINOR) "." TEXT(HIREDIS_PATCH)

bool redis_tls_check(const struct redis_options *options, char *error, size_t error_size)
{
    if (tls_options_on(&options->tls)) {
        snprintf(error, error_size,
                 "--redis-tls=on: this program was built with hiredis " HIREDIS_TEXT
                 ", which has no TLS (1.0 has); put stunnel in between, as deploy/security.md "
                 "says");
        return false;
    }
    return tls_options_check(&options->tls, "redis", error, error_size);
}

struct redis_tls *redis_tls_new(const struct redis_options *options)
{
    CHECK(!tls_options_on(&options->tls), "a build without it");
    return NULL;
}

void redis_tls_free(struct redis_tls *tls)
{
    (void)tls;
}

const char *redis_tls_begin(struct redis_tls *tls, struct redisContext *context, const char *host)
{
    (void)tls;
    (void)context;
    (void)host;
    return NULL;
}

#endif
