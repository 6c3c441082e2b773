#ifndef SQL_TLS_H
#define SQL_TLS_H

#include <stdbool.h>
#include <mysql.h>

#include "common/mysql/sql_fault.h"
#include "common/mysql/sql_options.h"

/* Before the connection: say what it must be. */
void sql_tls_set(MYSQL *mysql, const struct sql_options *options);

/* After it: false, with *fault, where it should be encrypted and is not. */
bool sql_tls_check(MYSQL *mysql, const struct sql_options *options, struct sql_fault *fault);

/* Say in *fault, why a connection failed, what the library leaves out: that a certificate is for
 * another host than this one. */
void sql_tls_explain(const struct sql_options *options, struct sql_fault *fault);

#endif
