#include "issue-worker/batch_course.h"

#include <string.h>

static void forget_failures(struct batch_course *course)
{
    memset(course->failures, 0, sizeof course->failures);
}

void batch_course_start(struct batch_course *course, size_t count)
{
    *course = (struct batch_course){.count = count, .end = count, .refused_end = count};
}

bool batch_course_done(struct batch_course *course)
{
    forget_failures(course);
    course->begin = course->end;
    if (course->begin < course->refused_end) /* the bad one is among these, so not all at once */
        course->end = course->begin + (course->refused_end - course->begin + 1) / 2;
    else
        course->end = course->refused_end = course->count;
    return course->begin < course->count;
}

struct failure_step batch_course_failed(struct batch_course *course, enum failure_class class,
                                        uint32_t random)
{
    size_t records = course->end - course->begin;
    struct failure_step step =
        failure_policy_step(class, ++course->failures[class], records, random);

    if (step.action == FAILURE_ACTION_BISECT) {
        course->refused_end = course->end;
        course->end = course->begin + records / 2;
        forget_failures(course);
    }
    return step;
}

bool batch_course_split(const struct batch_course *course)
{
    return course->begin > 0 || course->end < course->count;
}
