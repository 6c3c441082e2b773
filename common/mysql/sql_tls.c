#include "common/mysql/sql_tls.h"

#include <stdio.h>
#include <string.h>
#include <errmsg.h>
#include <mysql.h>

/* libmariadb: with the verification off, a server without TLS is talked to in the clear, whatever
 * else is set; with it on, chain and host name are checked before the user's name is sent. That is
 * why there is no mode in between. */
#ifdef MARIADB_BASE_VERSION
static void set_verification(MYSQL *mysql, bool on)
{
    my_bool verify = on;

    mysql_options(mysql, MYSQL_OPT_SSL_ENFORCE, &verify);
    mysql_options(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
}
#else
static void set_verification(MYSQL *mysql, bool on)
{
    unsigned int mode = on ? SSL_MODE_VERIFY_IDENTITY : SSL_MODE_PREFERRED;

    mysql_options(mysql, MYSQL_OPT_SSL_MODE, &mode);
}
#endif

void sql_tls_set(MYSQL *mysql, const struct sql_options *options)
{
    const struct tls_options *tls = &options->tls;

    set_verification(mysql, tls_options_on(tls));
    if (!tls_options_on(tls))
        return;
    mysql_options(mysql, MYSQL_OPT_SSL_CA, tls_options_ca(tls));
    if (tls->cert) {
        mysql_options(mysql, MYSQL_OPT_SSL_CERT, tls->cert);
        mysql_options(mysql, MYSQL_OPT_SSL_KEY, tls->key);
    }
}

bool sql_tls_check(MYSQL *mysql, const struct sql_options *options, struct sql_fault *fault)
{
    if (!tls_options_on(&options->tls) || mysql_get_ssl_cipher(mysql))
        return true;
    fault->code = CR_SSL_CONNECTION_ERROR;
    fault->class = sql_classify(fault->code);
    snprintf(fault->text, sizeof fault->text, "the connection is not encrypted");
    return false;
}

void sql_tls_explain(const struct sql_options *options, struct sql_fault *fault)
{
    /* libmariadb 3.3 and older; 3.4. */
    static const char *const of_other_hosts[] = {"Validation of SSL server certificate failed",
                                                 "Hostname verification failed"};

    if (!tls_options_on(&options->tls) || fault->code != CR_SSL_CONNECTION_ERROR)
        return;
    for (size_t i = 0; i < sizeof of_other_hosts / sizeof of_other_hosts[0]; i++) {
        if (!strstr(fault->text, of_other_hosts[i]))
            continue;
        snprintf(fault->text, sizeof fault->text,
                 "TLS/SSL error: hostname mismatch: the server's certificate is not for %s",
                 options->host);
        return;
    }
}
