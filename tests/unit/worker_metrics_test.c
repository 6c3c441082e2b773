/* What operators choose, a group's name above all, must not spoil the page that Prometheus reads.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/metrics/metrics.h"
#include "issue-worker/worker_metrics.h"

static void a_group_of_any_name_is_one_label(void **state)
{
    struct worker_metrics *metrics = worker_metrics_new("topic", "a\"b\\c\nd");
    struct issue_progress progress = {.partition = 3, .next_offset = 10, .end_offset = 14};
    struct strbuf page = STRBUF_INIT;

    (void)state;
    worker_metrics_progress(metrics, &progress);
    metrics_write(&page);
    if (strstr(page.data, "\ncoupon_worker_lag_records{topic=\"topic\",group=\"a\\\"b\\\\c\\nd\","
                          "partition=\"3\"} 4\n") == NULL)
        fail_msg("expected the group escaped, saw:\n%s", page.data);
    strbuf_free(&page);
    worker_metrics_free(metrics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_group_of_any_name_is_one_label),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
