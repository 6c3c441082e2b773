"""Goal: the gateway answers what its description says, all of it and nothing else: each described answer, by status and
problem code, is produced here by a running gateway and held against its schema."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from deploy.local import port
from deploy.local.programs import Program, http_status
from tests.api.document import FOLDER, Document, admin, public
from tests.support.issuer import Issuer, bearer
from tests.support.rest import call
from tests.support.system import System
from tests.support.tcp_proxy import TcpProxy
from tests.system import api_walk
from tests.system.api_walk import Walk

_TRIGGERS = {
    "refuse_coupon": "coupon FOR EACH ROW IF NEW.name = 'to be refused'",
    "refuse_order": "coupon_order FOR EACH ROW IF NEW.order_id = 'to-be-refused'",
}


@pytest.fixture
def cut_off(system: System) -> Iterator[Program]:
    """A gateway that reached MySQL once and does so no more, and never heard of a broker."""
    world = system.world
    number = next(number for number in range(world.ports.redis + 1, 65536) if port.is_free(number))
    proxy = TcpProxy(number, ("127.0.0.1", world.ports.mariadb), "mysql of a gateway")
    proxy.start()
    gateway = world.make_gateway(5, ["--kafka-brokers", "127.0.0.1:1", "--mysql-port", str(number), "--accept-timeout", "500"])
    gateway.start()
    try:
        gateway.process.wait_ready(lambda: http_status(gateway.port, "/openapi.yaml") == 200, 30)
        proxy.refuse()
        proxy.cut()
        yield gateway
    finally:
        gateway.stop()
        proxy.stop()


@pytest.fixture
def strict(system: System, tmp_path: Path) -> Iterator[tuple[Program, Issuer]]:
    """A gateway that wants tokens, and takes a few requests of each user."""
    issuer = Issuer(tmp_path)
    limits = ["--limit-issue-user", "1", "--limit-issue-user-burst", "20", "--limit-poll-user", "1", "--limit-poll-user-burst", "20"]
    gateway = system.world.make_gateway(7, [*issuer.flags(), *limits])
    gateway.start()
    try:
        gateway.wait_ready()
        yield gateway, issuer
    finally:
        gateway.stop()


@pytest.fixture
def refusing(system: System) -> Iterator[None]:
    """Triggers that refuse one coupon and one order, as a database does that somebody has added rules to."""
    for name, rule in _TRIGGERS.items():
        system.world.mariadb.root_query(
            f"DELIMITER //\nCREATE TRIGGER coupon.{name} BEFORE INSERT ON coupon.{rule}"
            " THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'refused'; END IF//\n"
        )
    yield
    for name in _TRIGGERS:
        system.world.mariadb.root_query(f"DROP TRIGGER coupon.{name}")


def described(document: Document) -> set[tuple[str, str, str, str]]:
    """Every answer of a document; those of `default` once for all operations."""
    return {
        (document.path.stem, "any" if status == "default" else operation.name, status, code)
        for operation in document.operations
        for status, code in operation.described()
    }


@pytest.mark.long
def test_every_described_answer_is_given(system: System, cut_off: Program, strict: tuple[Program, Issuer], refusing: None) -> None:
    walk = Walk(system.gateways[0], system.management[0])
    with ThreadPoolExecutor() as pool:
        slow = [pool.submit(api_walk.too_slow, walk, admin) for admin in (False, True)]
        ask_everything(walk, system, cut_off, strict)
    for each in slow:
        each.result()
    print("\n".join(walk.wrong))
    assert walk.wrong == []
    wanted = described(public()) | described(admin())
    assert wanted - walk.seen == set(), "described, and never given"
    assert walk.seen - wanted == set(), "given, and not described"


def ask_everything(walk: Walk, system: System, cut_off: Program, strict: tuple[Program, Issuer]) -> None:
    """The walk itself, but for what takes its time."""
    unknown = system.unused_id()
    made = api_walk.sales(walk, system)
    api_walk.issuing(walk, made, unknown)
    accepted = walk.send("POST", f"/api/v1/coupons/{made['OPEN'].coupon}/issue", {"userId": 2}, {"Idempotency-Key": "walk"})
    api_walk.results(walk, accepted)
    api_walk.coupons(walk, made, unknown)
    api_walk.held(walk, system, unknown)
    api_walk.administration(walk, made, unknown)
    api_walk.statistics(walk, system, made["OPEN"].coupon)
    number = api_walk.issued(walk, made["OPEN"].coupon)
    order = {"orderId": "to-be-refused", "orderAmount": 1}
    assert walk.send("POST", f"/api/v1/coupons/{made['OPEN'].coupon}/issued/{number}/use", order).status == 500
    assert walk.send("POST", "/admin/v1/coupons", {"name": "to be refused", "totalStock": 1}).status == 500
    api_walk.everywhere(walk, admin(), {})
    api_walk.before_the_call(walk)
    away = Walk(f"http://127.0.0.1:{cut_off.port}", f"http://127.0.0.1:{cut_off.management_port}", walk.seen, walk.wrong)
    api_walk.everywhere(away, public(), None)
    api_walk.everywhere(away, admin(), None)
    gateway, issuer = strict
    guarded = Walk(f"http://127.0.0.1:{gateway.port}", f"http://127.0.0.1:{gateway.management_port}", walk.seen, walk.wrong)
    api_walk.everywhere(guarded, public(), {})
    api_walk.everywhere(guarded, public(), bearer(issuer.token(999)), request_id=accepted.json["requestId"])
    eager = bearer(issuer.token(998))
    for _ in range(20):
        guarded.send("GET", "/api/v1/coupons/result/REQ-none", headers=eager)
        guarded.send("POST", "/api/v1/coupons/1/issue", {"userId": 1}, eager)
    api_walk.everywhere(guarded, public(), eager)


def test_it_is_served_as_it_is_in_the_tree(system: System) -> None:
    for base, name in ((system.gateways[0], "public"), (system.management[0], "admin")):
        answer = call("GET", f"{base}/openapi.yaml")
        assert answer.text == (FOLDER / f"{name}.yaml").read_text()
        assert answer.headers["content-type"] == "application/yaml"
        assert answer.headers["cache-control"] == "public, max-age=300"
        assert yaml.safe_load(answer.text)["openapi"].startswith("3.1")
        assert call("GET", f"{base}/openapi.yaml", headers={"If-None-Match": '"other"'}).status == 200
        assert call("HEAD", f"{base}/openapi.yaml").text == ""
