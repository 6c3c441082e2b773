"""How a world is doing, at a glance; copes with any part being down."""

from collections.abc import Iterable, Sequence

from deploy.local.errors import LocalError
from deploy.local.kafka_protocol import KafkaError
from deploy.local.world import DEAD_LETTER_SUFFIX, GROUP, TOPIC, World

_ROWS_COUNTED_EXACTLY = 1_000_000


def print_status(world: World) -> bool:
    """Print processes, partitions and counts. True if everything that should be up is up and ready."""
    all_ready = _print_processes(world)
    print()
    _print_partitions(world)
    print()
    _print_counts(world)
    return all_ready


def _print_processes(world: World) -> bool:
    rows, all_ready = [], True
    for member in [*world.members(), *world.monitors()]:
        state = member.process.state()
        if state == "running":
            state = "ready" if member.ready() else "NOT READY"
        all_ready = all_ready and state == "ready"
        shown = state if state == "ready" else state.upper()
        pid, uptime = member.process.pid() or "-", _duration(member.process.uptime())
        rows.append([member.name, str(pid), shown, str(member.port), uptime, _management(member)])
    _print_table(["process", "pid", "state", "port", "uptime", "management"], rows)
    return all_ready


def _management(member: object) -> str:
    return str(getattr(member, "management_port", "-"))


def _print_partitions(world: World) -> None:
    try:
        ends = world.kafka.end_offsets(TOPIC)
        dead_letters = world.kafka.end_offsets(TOPIC + DEAD_LETTER_SUFFIX)
        committed = world.kafka.committed_offsets(GROUP, TOPIC)
    except KafkaError:
        print("partitions: Kafka does not answer")
        return
    decided = _decided(world)
    rows = []
    for partition, end in sorted(ends.items()):
        done = (decided or {}).get(partition, 0)
        rows.append([
            str(partition), str(end), "?" if decided is None else str(done), str(committed.get(partition, "-")),
            "?" if decided is None else str(max(0, end - done)), str(dead_letters.get(partition, "?")),
        ])  # fmt: skip
    _print_table(["partition", "end", "decided", "committed", "lag", "dead letters"], rows)


def _decided(world: World) -> dict[int, int] | None:
    try:
        rows = world.mariadb.query(f"SELECT partition_id, next_offset FROM consumer_fence WHERE topic = '{TOPIC}'")
    except LocalError:
        return None
    return {int(partition): int(offset) for partition, offset in rows}


def _print_counts(world: World) -> None:
    print(f"database:  {_database_counts(world) if world.mariadb.ready() else 'no answer'}")
    try:
        print(f"redis:     {world.redis.info()['used_memory_human']} in use")
    except (OSError, KeyError):
        print("redis:     no answer")


def _database_counts(world: World) -> str:
    tables = {"coupons": "coupon", "issued coupons": "user_coupon", "results": "coupon_issue_result"}
    try:
        counts = {label: _count(world, table) for label, table in tables.items()}
        text = " · ".join(f"{label} {count}" for label, count in counts.items())
        text += f" · events waiting {_count_waiting(world)}"
        if counts["results"].startswith("~"):
            return text
        rows = world.mariadb.query("SELECT outcome, COUNT(*) FROM coupon_issue_result GROUP BY outcome ORDER BY 1")
    except LocalError as error:
        return str(error)
    by_outcome = ", ".join(f"{outcome} {count}" for outcome, count in rows)
    return f"{text} ({by_outcome})" if by_outcome else text


def _count_waiting(world: World) -> str:
    return f"{int(world.mariadb.query('SELECT COUNT(*) FROM outbox WHERE published_at IS NULL')[0][0]):,}"


def _count(world: World, table: str) -> str:
    estimate = world.mariadb.query(
        f"SELECT table_rows FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = '{table}'"
    )
    if estimate and estimate[0][0].isdigit() and int(estimate[0][0]) > _ROWS_COUNTED_EXACTLY:
        return f"~{int(estimate[0][0]):,}"
    return f"{int(world.mariadb.query(f'SELECT COUNT(*) FROM {table}')[0][0]):,}"


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    whole = int(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02}m"


def _print_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    lines = [list(head), *map(list, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        cells = [
            text.ljust(width) if not column else text.rjust(width)
            for column, (text, width) in enumerate(zip(line, widths))
        ]
        print("  ".join(cells).rstrip())
