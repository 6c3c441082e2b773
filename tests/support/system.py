"""A world as the tests and the demo use it: its addresses, coupons, records, and the checkers over all."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from deploy.local.condition import wait_until
from deploy.local.errors import LocalError
from deploy.local.kafka_protocol import KafkaError
from deploy.local.programs import Program
from deploy.local.secret_files import ADMIN_TOKEN
from deploy.local.world import DEAD_LETTER_SUFFIX, GROUP, TOPIC, World
from tests.support.check import check_dead_letters, check_ledger, check_log, check_model, check_sql
from tests.support.crowd import Crowd, Progress
from tests.support.ledger import Account, Ledger
from tests.support.murmur2 import partition_of
from tests.support.rest import Answer, call
from tests.support.tables import Database
from tests.support.topic import TopicReader, TopicWriter
from tests.support.wire import Record

SECONDS_TO_DRAIN = 100.0
SECONDS_TO_RECOVER = 10.0
_FIRST_CHOSEN_ID = 1_000_000
_GAP = 1000  # for ids that the database gives out meanwhile


class System:
    """What stands around a world while it is being tried."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.topic, self.group, self.partitions = TOPIC, GROUP, world.partitions
        self.database = Database(world.ports.mariadb)
        self.requests = TopicReader(world.kafka.address, TOPIC)
        self.dead_letters = TopicReader(world.kafka.address, TOPIC + DEAD_LETTER_SUFFIX)
        self.ledgers = world.data_dir / "ledgers"
        self.expected_to_restart: set[str] = set()  # names of programs that a test ends on purpose
        self._next_chosen_id = _FIRST_CHOSEN_ID
        self.watch: Callable[[Progress], None] | None = None
        self._writer: TopicWriter | None = None

    @property
    def gateways(self) -> list[str]:
        """Base URLs of the public listeners."""
        return [f"http://127.0.0.1:{gateway.port}" for gateway in self.world.gateways]

    @property
    def management(self) -> list[str]:
        """Base URLs of the gateways' management listeners."""
        return [f"http://127.0.0.1:{gateway.management_port}" for gateway in self.world.gateways]

    @property
    def writer(self) -> TopicWriter:
        """Writes into the request topic by hand."""
        if self._writer is None:
            self._writer = TopicWriter(self.world.kafka.address, TOPIC)
        return self._writer

    def admin(
        self, method: str, path: str, body: Any = None, gateway: int = 0, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """A call of the admin API with the right token; path begins behind /admin/v1."""
        token = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
        return call(method, f"{self.management[gateway]}/admin/v1{path}", body, {**token, **(headers or {})})

    def new_coupon(self, stock: int, per_user_limit: int = 1, status: str = "OPEN", **more: Any) -> int:
        """Create a coupon; its id. Asks again while the answer is 503, as it advises: a server may just have
        come back."""
        wanted = {"name": f"stock {stock}", "totalStock": stock, "perUserLimit": per_user_limit, "status": status, **more}
        answers: list[Answer] = []

        def created() -> bool:
            answers.append(self.admin("POST", "/coupons", wanted))
            return answers[-1].status != 503

        wait_until(created, SECONDS_TO_RECOVER)
        if answers[-1].status != 201:
            raise LocalError(f"the coupon was not created: {answers[-1].status} {answers[-1].text}")
        return int(answers[-1].json["couponId"])

    def unused_id(self, partition: int | None = None) -> int:
        """A coupon id that nobody has; on request one that belongs into that partition."""
        taken = self.database.count("SELECT COALESCE(MAX(coupon_id), 0) FROM coupon")
        self._next_chosen_id = max(self._next_chosen_id, taken + _GAP)
        while True:
            self._next_chosen_id += 1
            coupon_id = self._next_chosen_id
            if partition in (None, partition_of(str(coupon_id).encode(), self.partitions)):
                return coupon_id

    def crowd(self, ledger: Ledger, **options: Any) -> Crowd:
        """A crowd at all gateways."""
        return Crowd(self.gateways, ledger, **{"watch": self.watch, **options})

    def ledger(self, name: str) -> Ledger:
        """A fresh ledger of that name."""
        path = self.ledgers / f"{name}.jsonl"
        path.unlink(missing_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        return Ledger(path)

    def ends(self) -> dict[int, int]:
        """Partition → offset of the next record of the request topic. Raises KafkaError."""
        return self.world.kafka.end_offsets(TOPIC)

    def fences(self) -> dict[int, int]:
        """Partition → the offset below which everything is decided."""
        rows = self.database.query("SELECT partition_id, next_offset FROM consumer_fence WHERE topic = %s", TOPIC)
        return {int(partition): int(offset) for partition, offset in rows}

    def spooled(self) -> int:
        """How many requests wait in MySQL for Kafka."""
        return self.database.count("SELECT COUNT(*) FROM issue_spool")

    def drained(self) -> bool:
        """True if no request waits for Kafka, and every record that is in the topic now is decided."""
        try:
            if self.spooled():
                return False
            ends, fences = self.ends(), self.fences()
        except (KafkaError, OSError):
            return False
        return len(ends) >= self.partitions and all(fences.get(p, 0) >= end for p, end in ends.items())

    def wait_drained(self, seconds: float = SECONDS_TO_DRAIN) -> None:
        """Wait for drained(). Raises LocalError with what is left."""
        if not wait_until(self.drained, seconds):
            raise LocalError(f"not drained after {seconds:.0f} s: the topic ends at {self.ends()}, decided {self.fences()}")

    def wait_lag_zero(self, seconds: float = 10) -> None:
        """Wait until the offsets committed in Kafka have reached the end. Raises LocalError."""

        def caught_up() -> bool:
            committed = self.world.kafka.committed_offsets(GROUP, TOPIC)
            return all(committed.get(p, 0) >= end for p, end in self.ends().items() if end)

        if not wait_until(caught_up, seconds):
            raise LocalError(f"lag is not 0: {self.world.kafka.committed_offsets(GROUP, TOPIC)} of {self.ends()}")

    def heal(self) -> None:
        """Start what is down and wait until all is ready."""
        members: Sequence[Any] = self.world.members()
        for member in members:
            member.start()
        for member in members:
            member.wait_ready()

    def violations(self, since: Mapping[int, int] | None = None, account: Account | None = None) -> list[str]:
        """What the checkers say about everything, or about the records since those offsets."""
        records = self.requests.read(since)
        tables = self.database.tables(since)
        letters = self.dead_letters.read()
        asked_for = {result.coupon_id for result in tables.results if result.coupon_id is not None}
        found = [
            *check_sql(tables if since is None else tables.only(asked_for)),
            *check_model(records, tables, letters),
            *check_dead_letters(records, letters, tables, since),
        ]
        if account is not None:
            found += [*check_ledger(account, tables), *check_log(account, records, self.partitions)]
        return found

    def records_of(self, coupon_id: int, since: Mapping[int, int]) -> list[Record]:
        """The records since those offsets that are keyed with the coupon's id."""
        return [record for record in self.requests.read(since) if record.key == str(coupon_id).encode()]

    def processes(self) -> dict[str, int | None]:
        """Name → pid of the programs, None for one that is down."""
        programs: list[Program] = [*self.world.gateways, *self.world.workers]
        return {program.name: program.process.pid() for program in programs}


