"""Goal: a user or an address that asks too often is told so and when to come again, behind proxies too; others notice
nothing, and nothing is limited unless it was asked for."""

from collections.abc import Iterator

import pytest

from deploy.local.programs import Program
from tests.support.rest import Answer, call, metric
from tests.support.system import System

_NUMBER = 8  # of the gateway
# One a minute each: no test is so slow that a token comes back meanwhile.
_FLAGS = [
    "--limit-issue-user", "1", "--limit-issue-user-burst", "3",
    "--limit-issue-address", "1", "--limit-issue-address-burst", "6",
    "--limit-poll-address", "1", "--limit-poll-address-burst", "5",
    "--trusted-proxy", "127.0.0.1", "--trusted-proxy", "10.0.0.0/8",
]  # fmt: skip


@pytest.fixture(scope="module")
def gateway(shared_system: System) -> Iterator[Program]:
    """A third gateway of the world, with limits; the tests are its trusted proxy."""
    program = shared_system.world.make_gateway(_NUMBER, _FLAGS)
    program.start()
    try:
        program.wait_ready()
        yield program
    finally:
        program.stop()


def issue(gateway: Program, coupon: int, user: int, client: str) -> Answer:
    """An issue request that a proxy says it has from client."""
    url = f"http://127.0.0.1:{gateway.port}/api/v1/coupons/{coupon}/issue"
    return call("POST", url, {"userId": user}, {"X-Forwarded-For": client})


def poll(gateway: Program, client: str, **headers: str) -> Answer:
    """A poll that a proxy says it has from client."""
    url = f"http://127.0.0.1:{gateway.port}/api/v1/coupons/result/REQ-none"
    return call("GET", url, None, {"X-Forwarded-For": client, **headers})


def test_a_user_has_a_budget(system: System, gateway: Program) -> None:
    coupon = system.new_coupon(10, per_user_limit=10)
    limited = 'policy="issue-user"'
    before = metric(gateway.management_port, "coupon_gateway_rate_limited_total", limited)
    answers = [issue(gateway, coupon, 16, f"192.0.2.{number}") for number in range(4)]
    assert [answer.status for answer in answers] == [202, 202, 202, 429]
    left = [answer.headers["ratelimit"] for answer in answers]
    assert [field.split(", ")[-1].split(";")[:2] for field in left] == [
        ['"issue-user"', f"r={number}"] for number in (2, 1, 0, 0)
    ]
    assert '"issue-user";q=3;w=180' in answers[0].headers["ratelimit-policy"]
    refused = answers[3]
    assert refused.code == "RATE_LIMITED" and 1 <= int(refused.headers["retry-after"]) <= 60
    assert issue(gateway, coupon, 17, "192.0.2.100").status == 202
    assert metric(gateway.management_port, "coupon_gateway_rate_limited_total", limited) == before + 1
    assert issue(gateway, coupon, 0, "192.0.2.101").status == 400


def test_an_address_has_a_budget_for_each_kind_of_call(system: System, gateway: Program) -> None:
    coupon = system.new_coupon(10)
    client = "198.51.100.7"
    statuses = [issue(gateway, coupon, 100 + number, client).status for number in range(7)]
    assert statuses == [202] * 6 + [429]
    answers = [poll(gateway, client) for _ in range(6)]
    assert [answer.status for answer in answers] == [404] * 5 + [429]
    assert answers[0].headers["ratelimit"] == '"poll-address";r=4;t=60'
    assert poll(gateway, "198.51.100.8").status == 404
    older = call("GET", f"http://127.0.0.1:{gateway.port}/api/coupons/result/REQ-none", None, {"X-Forwarded-For": client})
    assert (older.status, older.json["resultCode"]) == (429, "SYSTEM_ERROR"), "not the end of the request: it may ask again"


def test_nobody_chooses_his_own_address(gateway: Program) -> None:
    client = "198.51.100.20"
    assert [poll(gateway, f"203.0.113.{number}, {client}").status for number in range(5)] == [404] * 5
    assert poll(gateway, f"203.0.113.99, {client}").status == 429, "what stands left is the client's own word"
    assert poll(gateway, f"{client}, 10.1.2.3").status == 429, "a second proxy of ours in between"
    assert poll(gateway, client, Forwarded="for=203.0.113.98").status == 429, "the other field is not believed"
    assert poll(gateway, f"{client}:4711").status == 429, "another port is the same client"


def test_an_ipv6_network_is_one_client(gateway: Program) -> None:
    assert [poll(gateway, f"2001:db8:1:2::{number}").status for number in range(6)] == [404] * 5 + [429]
    assert poll(gateway, "2001:db8:1:3::1").status == 404


def test_without_settings_there_is_no_limit(system: System) -> None:
    answers = [call("GET", f"{system.gateways[0]}/api/v1/coupons") for _ in range(50)]
    assert {answer.status for answer in answers} == {200}
    assert not any("ratelimit" in name for answer in answers for name in answer.headers)
