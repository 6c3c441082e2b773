"""The gateway killed, ended in order, and left by its clients."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.programs import Program
from tests.faults.registry import LoadPlan, row
from tests.faults.trial import Trial
from tests.support.crowd import Buyer, tally
from tests.support.rest import Answer

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER with no time: close() sends RST
_CLIENTS = 40
_RESTING = ("--kafka-property", "linger.ms=500")  # so long records rest in the gateway before they go to Kafka
_MEMORY_GROWTH = 8 << 20


@row(4, "gateway killed with produces in flight")
def gateway_killed(trial: Trial) -> None:
    usual = trial.world.gateways[0]
    victim = trial.world.make_gateway(0, _RESTING)
    with trial.instead([usual], victim):
        for _ in range(2 if trial.short else 20):
            trial.restart(victim)
            trial.flow().wait_for("accepted", 30)
            with trial.fault():
                trial.wait(lambda: trial.metric(victim, "coupon_gateway_produces_open") > 0, 20, "produces in flight")
                trial.kill(victim)
                trial.flow().wait_for("accepted", 20)


@row(5, "gateway SIGTERM, rolling restart")
def gateway_ended(trial: Trial) -> None:
    for number in range(2) if trial.short else [0, 1] * 10:
        usual = trial.world.gateways[number]
        victim = trial.world.make_gateway(number, _RESTING)
        with trial.instead([usual], victim):
            trial.restart(victim)
            coupon = trial.system.new_coupon(1_000_000)
            buyers = [Buyer(coupon, user) for user in range(1, _CLIENTS + 1)]
            crowd = trial.system.crowd(trial.ledger, poll=False)
            crowd.gateways = [trial.system.gateways[number]]
            with _pending_poll(trial, victim) as told, trial.fault():
                buying = threading.Thread(target=crowd.at_once, args=[buyers])
                buying.start()
                in_flight = "coupon_gateway_produces_open"
                trial.wait(lambda: trial.metric(victim, in_flight) >= _CLIENTS, 20, f"{_CLIENTS} records in flight")
                gentle, code = victim.process.stop(30), victim.process.exit_code()
                buying.join()
            trial.expect(gentle and code == 0, f"it ends by itself with 0, seen {code}{'' if gentle else ' by force'}")
            trial.expect(tally(buyers) == {"PENDING": _CLIENTS}, f"all in flight answered 202, seen {tally(buyers)}")
            seen = [(answer.status, answer.json["status"]) for answer in told]
            trial.expect(seen == [(200, "PENDING")], f"a waiting poll is told PENDING, seen {seen}")


@contextmanager
def _pending_poll(trial: Trial, gateway: Program) -> Iterator[list[Answer]]:
    """A long poll that waits at the gateway for what no worker decides meanwhile; its answer."""
    told: list[Answer] = []
    number = next(n for n, program in enumerate(trial.world.gateways) if program.name == gateway.name)
    with trial.frozen(*trial.world.workers):
        request = trial.ask(trial.coupons[0], trial.random.randrange(1, 1 << 30), gateway=1 - number)
        name = request.json["requestId"]
        waiting = threading.Thread(target=lambda: told.append(trial.poll(name, number, wait=50)))
        waiting.start()
        trial.wait(lambda: trial.metric(gateway, "coupon_gateway_long_polls") >= 1, 20, "a poll waits")
        yield told
        waiting.join()


@row(6, "client resets while waiting", load=LoadPlan(rate=20))
def clients_reset(trial: Trial) -> None:
    usual = trial.world.gateways[0]
    victim = trial.world.make_gateway(0, _RESTING)
    coupon = trial.system.new_coupon(1_000_000)
    rounds, size = 2 if trial.short else 40, 0
    with trial.instead([usual], victim):
        trial.restart(victim)
        for turn in range(rounds):
            with trial.fault():
                _reset_posts(trial, victim, coupon, range(1 + turn * _CLIENTS, 1 + (turn + 1) * _CLIENTS))
                _reset_polls(trial, victim)
            size = size if turn != rounds // 2 else _resident_bytes(victim)
        after = _resident_bytes(victim)
        trial.expect(after - size < _MEMORY_GROWTH, f"no memory lost, seen {size} bytes grow to {after}")


def _reset_posts(trial: Trial, victim: Program, coupon: int, users: range) -> None:
    """Ask, and reset while the record is on its way; with its key the same request can be asked for again."""
    clients = []
    for user in users:
        body = f'{{"userId":{user}}}'
        trial.ledger.sent(coupon, user, f"reset-{user}", trial.system.gateways[0])
        clients.append(_client(
            victim, f"POST /api/v1/coupons/{coupon}/issue HTTP/1.1\r\nHost: gateway\r\nIdempotency-Key: \"reset-{user}\"\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"))  # fmt: skip
    trial.wait(lambda: trial.metric(victim, "coupon_gateway_produces_open") >= _CLIENTS, 20, "records on their way")
    _reset(clients)
    again = {user: trial.ask(coupon, user, 1, f"reset-{user}") for user in users[:5]}
    for user, answer in again.items():
        trial.expect(answer.status == 202, f"202 for user {user} who asks again with the key, seen {answer.status}")
        end = trial.poll(answer.json["requestId"], 0, wait=30).json["status"]
        trial.expect(end == "ISSUED", f"ISSUED for user {user} who asked again, seen {end}")


def _reset_polls(trial: Trial, victim: Program) -> None:
    """Wait for a result, and reset; the id can still be polled, and the gateway forgets who is gone."""
    waiting, open_ = "coupon_gateway_long_polls", "coupon_gateway_connections"
    before = trial.metric(victim, open_)
    with trial.frozen(*trial.world.workers):
        request_id = trial.ask(trial.coupons[0], trial.random.randrange(1, 1 << 30), 1).json["requestId"]
        target = f"GET /api/v1/coupons/result/{request_id}?wait=50 HTTP/1.1\r\nHost: gateway\r\n\r\n"
        clients = [_client(victim, target) for _ in range(_CLIENTS)]
        trial.wait(lambda: trial.metric(victim, waiting) >= _CLIENTS, 20, f"{_CLIENTS} polls wait")
        _reset(clients)
        # The load's own connections come and go meanwhile.
        trial.wait(lambda: trial.metric(victim, open_) < before + _CLIENTS / 2, 20, "the gateway notices who is gone")
    end = trial.poll(request_id, 0, wait=30)
    trial.expect(end.json["status"] != "PENDING", f"an end for the id that others waited for, seen {end.text}")


def _client(gateway: Program, text: str) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", gateway.port), 10)
    client.sendall(text.encode())
    return client


def _reset(clients: list[socket.socket]) -> None:
    for client in clients:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        client.close()


def _resident_bytes(program: Program) -> int:
    lines = Path(f"/proc/{program.process.pid()}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))
