"""What runs beside gateways and workers: relays, readers of events, the worker of a shop's events. All are modes of
issue-worker."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.local.ports import Ports
from deploy.local.programs import Program, overridden

PAYMENTS_TOPIC, CANCELS_TOPIC = "payment-completed", "order-cancelled"
STATISTICS, NOTIFICATION = "statistics", "notification"
NOTIFICATIONS = "notifications.jsonl"


class EventPrograms:
    """Makes them for one world, none started. A flag that is given wins over the usual one."""

    def __init__(
        self, data_dir: Path, binary: Path, ports: Ports, kafka_address: str, events_topic: str,
        redis_flags: Sequence[str | Path],
    ) -> None:  # fmt: skip
        self._data_dir, self._binary, self._ports, self._redis_flags = data_dir, binary, ports, redis_flags
        self._kafka = ["--kafka-brokers", kafka_address]
        self._events = [*self._kafka, "--events-topic", events_topic]

    def relay(
        self, number: int, mysql_flags: Sequence[str | Path], flags: Sequence[str | Path] = (),
        environment: Mapping[str, str] | None = None,
    ) -> Program:  # fmt: skip
        """Relay number (from 0)."""
        management = self._ports.relay_management + 10 * number
        return self._program("relay", f"relay-{number}", management, [*self._events, *mysql_flags], flags, environment)

    def reader(
        self, mode: str, flags: Sequence[str | Path] = (), environment: Mapping[str, str] | None = None
    ) -> Program:
        """statistics, or notification into a file of the world."""
        usual = {STATISTICS: self._redis_flags, NOTIFICATION: ["--file", self._data_dir / NOTIFICATIONS]}[mode]
        if mode == NOTIFICATION and "--webhook" in flags:
            usual = []
        return self._program(mode, mode, getattr(self._ports, f"{mode}_management"), [*self._events, *usual], flags, environment)

    def shop(self, mysql_flags: Sequence[str | Path]) -> Program:
        """The worker of payments and cancelled orders."""
        topics = ["--payment-topic", PAYMENTS_TOPIC, "--cancel-topic", CANCELS_TOPIC]
        return self._program("shop", "issue-worker-shop", self._ports.shop_management, [*self._kafka, *topics, *mysql_flags])

    def _program(
        self, mode: str, name: str, management: int, usual: Sequence[str | Path], flags: Sequence[str | Path] = (),
        environment: Mapping[str, str] | None = None,
    ) -> Program:  # fmt: skip
        listen = ["--management-listen", f"127.0.0.1:{management}"]
        words = overridden([*listen, *usual], flags)
        return Program(self._data_dir, name, self._binary, words, management, None, environment, mode=mode)
