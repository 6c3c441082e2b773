#include "common/tls/tls_context.h"

#include <stdio.h>
#include <string.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "common/base/check.h"
#include "common/base/log.h"

#define SUBJECT_SIZE 200

/* Where a connection keeps the kind of server that it goes to; its name is OpenSSL's to keep. */
static int server_index = -1;

void tls_context_log_refused(const char *server, const char *name, int problem, X509 *certificate)
{
    char subject[SUBJECT_SIZE] = "none";

    if (certificate)
        X509_NAME_oneline(X509_get_subject_name(certificate), subject, sizeof subject);
    log_warn("certificate_refused", "%s %s: %s; the certificate in question: %s", server, name,
             X509_verify_cert_error_string(problem), subject);
}

static int verified(int good, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());

    if (!good)
        tls_context_log_refused(SSL_get_ex_data(ssl, server_index), SSL_get_app_data(ssl),
                                X509_STORE_CTX_get_error(store),
                                X509_STORE_CTX_get_current_cert(store));
    return good;
}

static bool fail(const char *server, const char *flag, const char *file, char *error,
                 size_t error_size)
{
    unsigned long first = ERR_peek_error();
    const char *reason =
        ERR_SYSTEM_ERROR(first) ? strerror(ERR_GET_REASON(first)) : ERR_reason_error_string(first);

    snprintf(error, error_size, "--%s-tls-%s %s: %s", server, flag, file,
             reason ? reason : "it can't be used");
    return false;
}

static bool load(SSL_CTX *context, const struct tls_options *options, const char *server,
                 char *error, size_t error_size)
{
    const char *ca = tls_options_ca(options);

    ERR_clear_error();
    if (SSL_CTX_load_verify_locations(context, ca, NULL) != 1)
        return fail(server, "ca", ca, error, error_size);
    if (!options->cert)
        return true;
    if (SSL_CTX_use_certificate_chain_file(context, options->cert) != 1)
        return fail(server, "cert", options->cert, error, error_size);
    if (SSL_CTX_use_PrivateKey_file(context, options->key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(context) != 1)
        return fail(server, "key", options->key, error, error_size);
    return true;
}

SSL_CTX *tls_context_new(const struct tls_options *options, const char *server, char *error,
                         size_t error_size)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());

    CHECK(context, "out of memory");
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, verified);
    if (!load(context, options, server, error, error_size)) {
        SSL_CTX_free(context);
        return NULL;
    }
    if (server_index < 0)
        server_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    return context;
}

SSL *tls_context_connection(SSL_CTX *context, const char *server, const char *name)
{
    SSL *ssl = SSL_new(context);
    X509_VERIFY_PARAM *param;

    CHECK(ssl, "out of memory");
    param = SSL_get0_param(ssl);
    if (X509_VERIFY_PARAM_set1_ip_asc(param, name) != 1) {
        X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        CHECK(X509_VERIFY_PARAM_set1_host(param, name, 0) == 1, "host name %s", name);
        SSL_set_tlsext_host_name(ssl, name);
    }
    SSL_set_ex_data(ssl, server_index, (void *)server);
    SSL_set_app_data(ssl, (void *)name);
    return ssl;
}
