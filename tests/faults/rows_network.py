"""The network between the programs and their servers: parted in each direction, slow, narrow."""

from collections.abc import Callable

from tests.faults.registry import LoadPlan, row
from tests.faults.stage import Proxied
from tests.faults.trial import Trial
from tests.support.tcp_proxy import TcpProxy

_ACCEPT_MS = 3000  # --accept-timeout of the gateway
_SLACK_MS = 2000  # for a loaded machine


def proxies(trial: Trial) -> dict[str, TcpProxy]:
    """Those of the stage, by pair."""
    assert isinstance(trial.stage, Proxied)
    return trial.stage.proxies


def expect_while_parted(trial: Trial, pair: str) -> None:
    """What clients get while these two do not reach each other."""
    flow = trial.flow()
    if pair == "gateway-kafka":
        flow.wait_for("unknown", 10)  # 503 after the accept timeout, or nothing yet: never a 202 without a report
        return
    flow.wait_for("accepted", 20)
    if pair in ("gateway-redis", "gateway-mysql", "worker-redis"):
        flow.wait_for("result", 5)  # by the other way
    else:
        answer = trial.ask(trial.coupons[0], trial.random.randrange(1, 1 << 30))
        trial.expect(answer.status == 202, f"202 while {pair} is parted, seen {answer.status}")
        seen = trial.poll(answer.json["requestId"]).json["status"]
        trial.expect(seen == "PENDING", f"PENDING while {pair} is parted, seen {seen}")


def _part(trial: Trial, pair: str, how: str, breaks: Callable[[], None]) -> None:
    proxy = proxies(trial)[pair]
    with trial.fault():
        breaks()
        try:
            expect_while_parted(trial, pair)
        except AssertionError as error:
            trial.expect(False, f"{pair} {how}: {error}")
    proxy.heal()
    trial.flow().wait_for("result", 5)


@row(23, "partitions between each pair, each direction", stage=Proxied)
def partitions(trial: Trial) -> None:
    for pair, proxy in proxies(trial).items():
        ways: dict[str, Callable[[], None]] = {
            "client to server": lambda: proxy.part(proxy.up),
            "server to client": lambda: proxy.part(proxy.down),
            "both ways": proxy.part,
            "refused": proxy.refuse,
            "half-open": lambda: (proxy.half_opened(), proxy.cut())[0],
        }
        chosen = [trial.random.choice(sorted(ways))] if trial.short else sorted(ways)
        for how in chosen:
            trial.note(f"{pair}: {how}")
            _part(trial, pair, how, ways[how])


@row(24, "latency, little bandwidth", stage=Proxied, load=LoadPlan(rate=20))
def slow_network(trial: Trial) -> None:
    for proxy in proxies(trial).values():
        for way in (proxy.up, proxy.down):
            way.delay, way.rate = trial.random.uniform(0.05, 0.15), 64_000
    with trial.fault():
        trial.flow().wait_for("accepted", 60 if trial.short else 1200, 200)
        trial.flow().wait_for("result", 20 if trial.short else 400, 200)
    proxies(trial)["gateway-kafka"].down.delay = 3 * _ACCEPT_MS / 1000
    with trial.fault():
        trial.flow().wait_for("unknown", 20 if trial.short else 200, 200)
    asked = trial.flow().account().attempts.values()
    waits = [a.ms for a in asked if trial.faults[0][0] <= a.at and a.ms is not None]
    limit = _ACCEPT_MS + _SLACK_MS
    trial.expect(max(waits) <= limit, f"every answer within {limit} ms, seen {max(waits):.0f} ms")
