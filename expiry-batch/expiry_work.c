#include "expiry-batch/expiry_step.h"

enum sql_class expiry_work_execute(struct expiry_work *work)
{
    return sql_session_execute(work->session, work->text.data, work->text.len, &work->fault);
}

static void read_number(void *cookie, char **values, const unsigned long *lengths)
{
    (void)lengths;
    *(int64_t *)cookie = sql_read_number(values[0], 0);
}

enum sql_class expiry_work_number(struct expiry_work *work, int64_t *number)
{
    return sql_session_query(work->session, work->text.data, work->text.len, read_number, number,
                             &work->fault);
}
