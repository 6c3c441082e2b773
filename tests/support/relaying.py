"""Relays of a world, and the events that come of what they publish."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from deploy.local.condition import wait_until
from deploy.local.errors import LocalError
from deploy.local.programs import Program
from deploy.local.world import EVENTS_TOPIC
from tests.support.check.events import check_events, held_coupons
from tests.support.rest import call
from tests.support.system import System
from tests.support.topic import TopicReader
from tests.support.wire import Record

SECONDS_TO_PUBLISH = 60.0


@contextmanager
def relaying(
    system: System, count: int = 1, binary: Path | None = None, environment: Mapping[str, str] | None = None
) -> Iterator[list[Program]]:
    """That many relays, ended afterwards. binary and environment are of the first one, which is active before
    the others start."""
    relays = [system.world.make_relay(number, ["--poll-interval", "20"]) for number in range(count)]
    if binary:
        relays[0].binary = binary
    try:
        relays[0].start(environment)
        if not wait_until(lambda: _leased(system), SECONDS_TO_PUBLISH):
            raise LocalError(f"{relays[0].name} does not begin:\n{relays[0].process.log_tail()}")
        if not environment:
            wait_active(relays[0])
        for relay in relays[1:]:
            relay.start()
            relay.wait_ready()
        yield relays
    finally:
        for relay in relays:
            relay.process.resume()
            relay.stop()


def _leased(system: System) -> bool:
    return system.database.count("SELECT COUNT(*) FROM lease WHERE name = 'outbox-relay' AND expires_at > UTC_TIMESTAMP(3)") > 0


def figure(program: Program, name: str) -> float:
    """A number of a program's /metrics; 0 where it is not there."""
    try:
        text = call("GET", f"http://127.0.0.1:{program.management_port}/metrics").text
    except OSError:
        return 0
    return sum(float(line.split()[-1]) for line in text.splitlines() if line.split("{")[0].split(" ")[0] == name)


def wait_active(relay: Program, seconds: float = SECONDS_TO_PUBLISH) -> None:
    """Wait until this relay is the one that publishes. Raises LocalError."""
    if not wait_until(lambda: figure(relay, "coupon_relay_active") == 1, seconds):
        raise LocalError(f"{relay.name} is not active:\n{relay.process.log_tail()}")


def waiting(system: System) -> int:
    """How many events are not published."""
    return system.database.count("SELECT COUNT(*) FROM outbox WHERE published_at IS NULL")


def wait_published(system: System, seconds: float = SECONDS_TO_PUBLISH) -> None:
    """Wait until no event waits. Raises LocalError."""
    if not wait_until(lambda: waiting(system) == 0, seconds):
        raise LocalError(f"{waiting(system)} events still wait after {seconds:.0f} s")


def events_of(system: System, *coupons: int) -> list[Record]:
    """The coupons' records in the topic, in the order of its partitions; repetitions too."""
    keys = {str(coupon).encode() for coupon in coupons}
    records = TopicReader(system.world.kafka.address, EVENTS_TOPIC).read()
    return [record for record in records if record.key in keys]


def event_violations(system: System, *coupons: int) -> list[str]:
    """What the checker says of the coupons' events and rows."""
    return check_events(events_of(system, *coupons), held_coupons(system.database, coupons))
