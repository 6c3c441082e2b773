#include "api-gateway/instance_number.h"

#include <string.h>

#include "common/contract/request_id.h"

enum sql_class instance_number_take(struct sql_session *session, uint32_t *instance,
                                    struct sql_fault *fault)
{
    static const char statement[] =
        "UPDATE gateway_instance SET last_instance=LAST_INSERT_ID(last_instance+1) WHERE id=1";
    enum sql_class class = sql_session_execute(session, statement, strlen(statement), fault);

    if (class == SQL_OK)
        *instance = (uint32_t)(sql_session_last_id(session) % REQUEST_ID_INSTANCES);
    return class;
}
