#ifndef TLS_OPTIONS_H
#define TLS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/option.h"

/* How a connection to one kind of server is encrypted. There is no half of it: with "on", the
 * server must have a certificate of a known CA with the name that was asked for, or there is no
 * connection. */
struct tls_options {
    const char *mode; /* "off" or "on" */
    const char *ca;   /* PEM files; NULL: not given */
    const char *cert;
    const char *key;
};

/* Four entries of an option table. server: what the flags begin with, such as "mysql"; title: what
 * --help calls it; field: the tls_options in the structure, owner, that the table fills. */
#define TLS_OPTION_SPECS(server, title, owner, field)                                              \
    {.name = server "-tls",                                                                        \
     .type = OPTION_CHOICE,                                                                        \
     .offset = offsetof(owner, field.mode),                                                        \
     .default_value = "off",                                                                       \
     .choices = "off|on",                                                                          \
     .argument = "MODE",                                                                           \
     .help = "on: only encrypted, and only to a " title " whose certificate is of --" server       \
             "-tls-ca and for the host asked for."},                                               \
        {.name = server "-tls-ca",                                                                 \
         .type = OPTION_TEXT,                                                                      \
         .offset = offsetof(owner, field.ca),                                                      \
         .min = 1,                                                                                 \
         .max = 4096,                                                                              \
         .argument = "FILE",                                                                       \
         .help = "Certificates of the CAs to trust, PEM; without it those of the system, " TLS_CA  \
                 "."},                                                                             \
        {.name = server "-tls-cert",                                                               \
         .type = OPTION_TEXT,                                                                      \
         .offset = offsetof(owner, field.cert),                                                    \
         .min = 1,                                                                                 \
         .max = 4096,                                                                              \
         .argument = "FILE",                                                                       \
         .help = "Our own certificate and its chain, PEM, for a " title " that asks for one."},    \
    {                                                                                              \
        .name = server "-tls-key", .type = OPTION_TEXT, .offset = offsetof(owner, field.key),      \
        .min = 1, .max = 4096, .argument = "FILE",                                                 \
        .help = "Its private key, PEM, without a passphrase."                                      \
    }

/* The system's CAs, where none are named. */
#define TLS_CA "/etc/ssl/certs/ca-certificates.crt"

bool tls_options_on(const struct tls_options *options);

const char *tls_options_ca(const struct tls_options *options);

/* False, with error: files are named and it is off, a certificate is without its key, or one of the
 * files is no good. server: as in the table. */
bool tls_options_check(const struct tls_options *options, const char *server, char *error,
                       size_t error_size);

#endif
