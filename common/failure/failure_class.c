#include "common/failure/failure_class.h"

const char *failure_class_name(enum failure_class class)
{
    static const char *const names[FAILURE_CLASSES] = {
        [FAILURE_NONE] = "none",     [FAILURE_RECORD] = "record", [FAILURE_TRANSIENT] = "transient",
        [FAILURE_OUTAGE] = "outage", [FAILURE_STOP] = "stop",
    };

    return names[class];
}
