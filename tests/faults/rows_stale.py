"""MySQL and Kafka that do not fit together: a database restored from an old copy, a topic made anew, records that
were deleted before they were decided."""

import json
import shutil

from deploy.local.programs import Program
from deploy.local.world import DEAD_LETTER_SUFFIX
from tests.faults import topic_admin
from tests.faults.registry import row
from tests.faults.trial import Trial
from tests.support.topic import TopicWriter

_EXIT_STALE = 70
_PARTITIONS = 8  # those below hold no record of the usual topic is there, so that the checkers do not mix them up
_RECORDS = 10


@row(19, "MySQL restored from an old copy: the fences are behind what was decided")
def old_copy(trial: Trial) -> None:
    mariadb = trial.world.mariadb
    copy = trial.directory / "old-copy"
    shutil.rmtree(copy, ignore_errors=True)
    with trial.fault():
        mariadb.stop()
        shutil.copytree(mariadb.directory, copy)
        trial.restart(mariadb)
        old = trial.system.fences()
        goal = sum(old.values()) + (40 if trial.short else 400)
        trial.wait(lambda: sum(trial.system.fences().values()) >= goal, 60, f"{goal} records decided")
        newer = trial.system.fences()
        trial.kill(mariadb)
        shutil.rmtree(mariadb.directory)
        copy.rename(mariadb.directory)
        trial.restart(mariadb)
        trial.flow().wait_for("result", 40)
    trial.note(f"fences at the copy {old}, before the restore {newer}")


def stale_worker(trial: Trial, topic: str) -> Program:
    """A worker of that topic alone."""
    return trial.world.make_worker(3, ["--kafka-topic", topic, "--kafka-group", topic])


def make_topic(trial: Trial, topic: str) -> None:
    """The topic and its dead-letter topic."""
    for name in (topic, topic + DEAD_LETTER_SUFFIX):
        trial.world.kafka.create_topic(name, _PARTITIONS)


def write(trial: Trial, topic: str, partition: int, coupon: int, first: int) -> None:
    """Some requests into the partition in use."""
    writer = TopicWriter(trial.world.kafka.address, topic)
    for user in range(first, first + _RECORDS):
        value = {"requestId": f"{topic}-{user}", "couponId": coupon, "userId": user}
        writer.write(str(coupon).encode(), json.dumps(value).encode(), partition)


def fence(trial: Trial, topic: str, partition: int) -> int:
    """Below which all of the partition in use is decided."""
    sql = "SELECT next_offset FROM consumer_fence WHERE topic = %s AND partition_id = %s"
    return int((trial.query(sql, topic, partition) or [(0,)])[0][0])


def decide_some(trial: Trial, topic: str, partition: int, coupon: int) -> None:
    """Let a worker decide some records of a fresh topic, and end it."""
    make_topic(trial, topic)
    write(trial, topic, partition, coupon, 1)
    worker = stale_worker(trial, topic)
    with trial.instead([], worker):
        trial.restart(worker)
        trial.wait(lambda: fence(trial, topic, partition) == _RECORDS, 30, f"{_RECORDS} records decided")


def expect_stop(trial: Trial, topic: str, *words: str) -> None:
    """A worker started now ends by itself, exit 70, and says what to do."""
    worker = stale_worker(trial, topic)
    mark = worker.process.log_file.stat().st_size
    worker.start()
    try:
        trial.wait(lambda: worker.process.exit_code() is not None, 60, "the worker stops")
    finally:
        worker.stop()
    log, seen = trial.log_since(worker.process, mark), worker.process.exit_code()
    trial.expect(seen == _EXIT_STALE, f"exit {_EXIT_STALE}, seen {seen}")
    for word in words:
        trial.expect(word in log, f"its log says {word!r}; {worker.process.log_file}")


@row(19, "topic made anew: the fence is past its end", load=None)
def topic_made_anew(trial: Trial) -> None:
    topic, partition = "stale-anew", 7
    coupon = trial.system.new_coupon(1000)
    decide_some(trial, topic, partition, coupon)
    with trial.fault():
        for name in (topic, topic + DEAD_LETTER_SUFFIX):
            topic_admin.delete_topic(trial.world.kafka.address, name)
        make_topic(trial, topic)
        expect_stop(trial, topic, "made anew", "consumer_fence", "delete the topic's rows")


@row(19, "records deleted before they were decided: the log begins behind the fence", load=None)
def log_begins_late(trial: Trial) -> None:
    topic, partition = "stale-late", 6
    coupon = trial.system.new_coupon(1000)
    decide_some(trial, topic, partition, coupon)
    with trial.fault():
        write(trial, topic, partition, coupon, 100)
        topic_admin.delete_records(trial.world.kafka.address, topic, partition, _RECORDS + 5, trial.directory)
        expect_stop(trial, topic, "deleted by retention", "next_offset")
        seen = fence(trial, topic, partition)
        trial.expect(seen == _RECORDS, f"nothing was skipped: fence {_RECORDS}, seen {seen}")
