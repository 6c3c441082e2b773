"""A world whose gateways keep requests in MySQL while Kafka is away."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from deploy.local.condition import wait_until
from deploy.local.errors import LocalError
from deploy.local.programs import Program
from tests.support.rest import call
from tests.support.system import System

SECONDS_TO_LEAVE = 60.0


@contextmanager
def spooling(system: System, *flags: str, binary: Path | None = None) -> Iterator[list[Program]]:
    """Gateways with --spool=on in the place of the usual ones, which come back when all is healed and no
    request waits in MySQL any more. binary: of the first one."""
    world, usual = system.world, system.world.gateways
    system.expected_to_restart |= {gateway.name for gateway in usual}
    gateways = [world.make_gateway(number, ["--spool", "on", *flags]) for number in range(len(usual))]
    if binary:
        gateways[0].binary = binary
    _replace(usual, gateways)
    world.gateways = gateways
    try:
        yield gateways
    finally:
        try:
            system.heal()
            wait_empty(system)
        finally:
            world.gateways = usual
            _replace(gateways, usual)


def _replace(old: list[Program], new: list[Program]) -> None:
    for gateway in old:
        gateway.stop()
    for gateway in new:
        gateway.start()
    for gateway in new:
        gateway.wait_ready()


def wait_empty(system: System, seconds: float = SECONDS_TO_LEAVE) -> None:
    """Wait until no request waits in MySQL. Raises LocalError."""
    if not wait_until(lambda: system.spooled() == 0, seconds):
        raise LocalError(f"{system.spooled()} requests still wait in MySQL after {seconds:.0f} s")


def metrics(gateway: Program) -> Mapping[str, float]:
    """The series of a gateway's /metrics that are about the spool."""
    text = call("GET", f"http://127.0.0.1:{gateway.management_port}/metrics").text
    return {
        name: float(value) for name, value in re.findall(r"^(coupon_gateway_spool_\S+) (\S+)$", text, re.MULTILINE)
    }


def state(gateway: Program) -> str:
    """Where a gateway's accepted requests go: direct, spooling, relaying or handover."""
    found = [name for name, value in metrics(gateway).items() if name.startswith("coupon_gateway_spool_state{") and value]
    assert len(found) == 1, f"expected one state, seen {found}"
    return found[0].split('"')[1]


def wait_direct(gateways: list[Program], seconds: float = SECONDS_TO_LEAVE) -> None:
    """Wait until all send straight to Kafka again. Raises LocalError."""
    if not wait_until(lambda: all(state(gateway) == "direct" for gateway in gateways), seconds):
        raise LocalError(f"after {seconds:.0f} s the gateways are {[state(gateway) for gateway in gateways]}")
