"""Goal: with --auth=jwt a call is made by whom its token names, and by nobody else; bad tokens are 401, what belongs
to others is 403; keys are changed while requests go on."""

import json
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.condition import wait_until
from deploy.local.programs import Program
from tests.support.issuer import Issuer, base64url, bearer, claims
from tests.support.rest import Answer, call, metric
from tests.support.system import System

_NUMBER = 6  # of the gateway; its log has no more than this
_SECRET = b"another secret, of the key set, 32 bytes"


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    """Who makes the tokens."""
    return Issuer(tmp_path_factory.mktemp("issuer"))


@pytest.fixture(scope="module")
def admin_token_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The gateway's own file of admin tokens."""
    file = tmp_path_factory.mktemp("admin") / "admin-token"
    file.write_text("old-admin\n")
    return file


@pytest.fixture(scope="module")
def gateway(shared_system: System, issuer: Issuer, admin_token_file: Path) -> Iterator[Program]:
    """A third gateway of the world, which wants tokens."""
    own = ["--limit-poll-user", "1000000", "--admin-token-file", str(admin_token_file)]
    program = shared_system.world.make_gateway(_NUMBER, [*issuer.flags(), *own])
    log = program.process.log_file
    before = log.stat().st_size if log.exists() else 0
    program.start()
    try:
        program.wait_ready()
        yield program
    finally:
        program.stop()
    logged = log.read_bytes()[before:].decode()
    assert "auth_off" not in logged and "invariant_broken" not in logged
    assert issuer.secret.decode() not in logged


def issue(gateway: Program, coupon: int, token: str | None, **more: int) -> Answer:
    """An issue request; more: members of its body."""
    url = f"http://127.0.0.1:{gateway.port}/api/v1/coupons/{coupon}/issue"
    return call("POST", url, more or None, bearer(token) if token is not None else {})


def result(gateway: Program, request_id: str, token: str, query: str = "") -> Answer:
    """A poll."""
    return call("GET", f"http://127.0.0.1:{gateway.port}/api/v1/coupons/result/{request_id}{query}", None, bearer(token))


def bad_tokens(issuer: Issuer) -> dict[str, str]:
    """What must not be taken, each for one reason."""
    good = issuer.token(16)
    head, payload, signature = good.split(".")
    text = json.dumps(claims(16))
    long_ago, soon = 1_500_000_000, claims(16)["exp"]
    hs = '{"alg":"HS256","kid":"hs"%s}'
    return {
        "none": issuer.by_hand('{"alg":"none"}', text, None),
        "None": issuer.by_hand('{"alg":"None","typ":"JWT"}', text, None),
        "none with a signature": issuer.by_hand('{"alg":"none","kid":"hs"}', text, issuer.secret),
        "no alg": issuer.by_hand('{"kid":"hs"}', text, issuer.secret),
        "wrong case": issuer.by_hand('{"alg":"hs256","kid":"hs"}', text, issuer.secret),
        "another algorithm": issuer.by_hand('{"alg":"HS384","kid":"hs"}', text, issuer.secret),
        "public key as secret": issuer.by_hand('{"alg":"HS256","kid":"rs"}', text, issuer.pem(issuer.rsa)),
        "public key as secret, no kid": issuer.by_hand('{"alg":"HS256"}', text, issuer.pem(issuer.rsa)),
        "algorithm of another key": issuer.by_hand('{"alg":"ES256","kid":"hs"}', text, issuer.secret),
        "unknown kid": issuer.token(16, kid="rotated-out"),
        "kid of another algorithm": issuer.token(16, kid="es"),
        "kid is a path": issuer.token(16, kid="../../../../dev/null"),
        "two keys could be meant": issuer.by_hand('{"alg":"HS256"}', text, issuer.secret),
        "expired": issuer.token(16, exp=long_ago, nbf=long_ago - 60),
        "no exp": issuer.token(16, exp=None),
        "exp is text": issuer.by_hand(hs % "", json.dumps({**claims(16), "exp": str(soon)}), issuer.secret),
        "not yet": issuer.token(16, nbf=soon),
        "other issuer": issuer.token(16, iss="https://issuer.example.org"),
        "no issuer": issuer.token(16, iss=None),
        "other audience": issuer.token(16, aud="coupon-rus"),
        "no audience": issuer.token(16, aud=None),
        "audience without us": issuer.token(16, aud=["a", "b"]),
        "no user": issuer.token(16, sub=None),
        "user is a name": issuer.token(16, sub="alice"),
        "user 0": issuer.token(16, sub="0"),
        "crit": issuer.by_hand(hs % ',"crit":["exp"]', text, issuer.secret),
        "alg twice": issuer.by_hand('{"alg":"none","alg":"HS256","kid":"hs"}', text, issuer.secret),
        "exp twice": issuer.by_hand(hs % "", text[:-1] + ',"exp":1}', issuer.secret),
        "key in the header": issuer.by_hand(hs % ',"jwk":{"kty":"oct","k":"AAAA"}', text, b"\0\0\0"),
        "link to keys": issuer.by_hand(hs % ',"jku":"http://127.0.0.1:1/k","x5u":"file:///etc/passwd"', text, b"x"),
        "deep header": issuer.by_hand('{"alg":' + "[" * 400 + "]" * 400 + "}", text, issuer.secret),
        "deep payload": issuer.by_hand(hs % "", "[" * 2500, issuer.secret),
        "payload is a list": issuer.by_hand(hs % "", "[]", issuer.secret),
        "dots": "..", "one part": head, "two parts": f"{head}.{payload}", "no signature": f"{head}.{payload}.",
        "four parts": f"{good}.{signature}", "five parts": f"{good}.{signature}.{signature}",
        "signature of zeros": f"{head}.{payload}.{base64url(bytes(256))}", "signature cut": good[:-4],
        "signature of another token": issuer.token(17).rsplit(".", 1)[0] + "." + signature,
        "ES256 in DER": issuer.token(16, "ES256").rsplit(".", 1)[0] + "." + base64url(b"\x30\x45" + bytes(69)),
        "ES256 of zeros": issuer.token(16, "ES256").rsplit(".", 1)[0] + "." + base64url(bytes(64)),
        "padding": good + "==", "blanks": good.replace(".", ". "), "the other alphabet": f"{head}.{payload}.++//",
        "JSON serialization": json.dumps({"payload": payload, "protected": head, "signature": signature}),
        "4 kB": issuer.token(16, "HS256", x="x" * 3200), "7 kB": "A" * 7000,
    }  # fmt: skip


def test_the_matrix_of_tokens(system: System, gateway: Program, issuer: Issuer) -> None:
    coupon = system.new_coupon(10)
    pid = gateway.process.pid()
    seen = {}
    for name, token in bad_tokens(issuer).items():
        for answer in (issue(gateway, coupon, token, userId=16), result(gateway, "REQ-1", token)):
            challenge = answer.headers.get("www-authenticate", "")
            if (answer.status, answer.code) != (401, "UNAUTHORIZED") or 'error="invalid_token"' not in challenge:
                seen[name] = f"{answer.status} {answer.code} {challenge}"
    assert seen == {}, "expected 401 with error=\"invalid_token\""
    for nothing in (None, ""):
        answer = issue(gateway, coupon, nothing, userId=16)
        assert answer.status == 401 and answer.headers["www-authenticate"] == 'Bearer realm="coupon"'
    # Such a head is too large for any request, and nobody reads it: RFC 6585.
    assert issue(gateway, coupon, "A" * 100_000).status == 431
    for algorithm in ("RS256", "ES256", "HS256"):
        answer = issue(gateway, coupon, issuer.token({"RS256": 1, "ES256": 2, "HS256": 3}[algorithm], algorithm))
        assert answer.status == 202, f"{algorithm}: {answer.status} {answer.text}"
    assert gateway.process.alive() and gateway.process.pid() == pid
    assert system.database.count("SELECT COUNT(*) FROM coupon_issue_result WHERE user_id = 16 AND coupon_id = %s", coupon) == 0


def test_a_token_speaks_for_its_own_user(system: System, gateway: Program, issuer: Issuer) -> None:
    coupon = system.new_coupon(10, per_user_limit=5)
    token = issuer.token(16)
    base = f"http://127.0.0.1:{gateway.port}"
    own = {
        "left out": call("POST", f"{base}/api/v1/coupons/{coupon}/issue", None, bearer(token)),
        "in the body": call("POST", f"{base}/coupons/{coupon}/issue", {"userId": 16}, bearer(token)),
        "in the query": call("POST", f"{base}/api/coupons/{coupon}/issue?userId=16", None, bearer(token)),
        "in the path": call("POST", f"{base}/api/v1/users/16/coupons/publish", {"couponId": coupon}, bearer(token)),
    }
    assert {name: answer.status for name, answer in own.items()} == dict.fromkeys(own, 202)
    assert own["left out"].json["userId"] == 16
    others = {
        "in the body": call("POST", f"{base}/api/v1/coupons/{coupon}/issue", {"userId": 17}, bearer(token)),
        "in the query": call("POST", f"{base}/api/coupons/{coupon}/issue?userId=17", None, bearer(token)),
        "in the path": call("POST", f"{base}/api/v1/users/17/coupons/publish", {"couponId": coupon}, bearer(token)),
    }
    assert {name: (answer.status, answer.code) for name, answer in others.items()} == dict.fromkeys(others, (403, "FORBIDDEN"))


def test_results_of_others_are_forbidden(system: System, gateway: Program, issuer: Issuer) -> None:
    coupon = system.new_coupon(1)
    mine, other = issuer.token(16), issuer.token(17)
    accepted = issue(gateway, coupon, mine).json
    request_id, place = accepted["requestId"], "?" + accepted["resultUrl"].partition("?")[2]
    assert result(gateway, request_id, other).code == "FORBIDDEN"  # decided or not
    assert result(gateway, request_id, other, place + "&wait=5").code == "FORBIDDEN"
    assert result(gateway, request_id, mine, place + "&wait=10").json["status"] == "ISSUED"
    answer = result(gateway, request_id, mine)
    assert answer.json["userId"] == 16 and answer.headers["ratelimit"].startswith('"poll-user";r=')
    assert result(gateway, request_id, other).code == "FORBIDDEN"
    # An id that somebody else wrote into the topic: only its result tells whose it is.
    record = {"requestId": f"by-hand-{coupon}", "couponId": coupon, "userId": 16}
    system.writer.write(str(coupon).encode(), json.dumps(record).encode())
    system.wait_drained()
    assert result(gateway, f"by-hand-{coupon}", mine).json["reason"] == "ALREADY_ISSUED"
    assert result(gateway, f"by-hand-{coupon}", other).code == "FORBIDDEN"
    made_up = request_id[:-1] + ("0" if request_id[-1] != "0" else "1")
    for unknown in (made_up, "REQ-none"):
        assert result(gateway, unknown, mine).code == result(gateway, unknown, other).code == "UNKNOWN_REQUEST"


def test_what_everybody_may_see_wants_no_token(system: System, gateway: Program) -> None:
    coupon = system.new_coupon(1)
    base = f"http://127.0.0.1:{gateway.port}/api/v1/coupons"
    assert call("GET", f"{base}/{coupon}").json["couponId"] == coupon
    assert call("GET", base).status == 200


def test_keys_are_changed_under_load(system: System, gateway: Program, issuer: Issuer) -> None:
    coupon = system.new_coupon(1)
    old, new = issuer.token(1, "HS256", "old"), issuer.token(1, "HS256", "new")
    issuer.write_jwks({"old": issuer.secret})
    reload(gateway, "token_keys_loaded")
    ends, seen = threading.Event(), list[int]()

    def load() -> None:
        steady = issuer.token(2)
        while not ends.is_set():
            seen.append(result(gateway, "REQ-none", steady).status)

    lanes = [threading.Thread(target=load) for _ in range(4)]
    for lane in lanes:
        lane.start()
    try:
        assert issue(gateway, coupon, old).status == 202
        assert issue(gateway, coupon, new).status == 401
        for wrong in ("", "{", '{"keys":[]}', '{"keys":[{"kty":"oct","kid":"old","k":"c2hvcnQ"}]}'):
            issuer.write_jwks_text(wrong)
            reload(gateway, "token_keys_kept")
            assert issue(gateway, coupon, old).status != 401
        issuer.write_jwks({"old": issuer.secret, "new": issuer.secret})
        reload(gateway, "token_keys_loaded")
        assert issue(gateway, coupon, old).status != 401 and issue(gateway, coupon, new).status != 401
        issuer.write_jwks({"new": issuer.secret})
        reload(gateway, "token_keys_loaded")
        assert issue(gateway, coupon, old).status == 401
        issuer.write_jwks({"new": _SECRET})
        reload(gateway, "token_keys_loaded")
        assert issue(gateway, coupon, new).status == 401, "what the key before had vouched for"
    finally:
        ends.set()
        for lane in lanes:
            lane.join()
        issuer.write_jwks({})
        reload(gateway, "token_keys_loaded")
    assert set(seen) == {404}, "every other request was answered as always"
    assert metric(gateway.management_port, "coupon_gateway_tokens_remembered_total") > 0


def test_the_admin_token_is_changed_for_another(gateway: Program, issuer: Issuer, admin_token_file: Path) -> None:
    def statuses() -> list[int]:
        url = f"http://127.0.0.1:{gateway.management_port}/admin/v1/coupons?limit=1"
        return [call("GET", url, None, bearer(token)).status for token in ("old-admin", "new-admin", issuer.token(16))]

    assert statuses() == [200, 401, 401]
    for content, event, expected in (
        ("new-admin\nold-admin\n", "admin_token_loaded", [200, 200, 401]),
        ("\n\n", "admin_token_kept", [200, 200, 401]),
        ("new-admin\n", "admin_token_loaded", [401, 200, 401]),
    ):
        admin_token_file.write_text(content)
        reload(gateway, event)
        assert statuses() == expected


def test_the_audit_says_whose_admin_token_it_was(
    system: System, gateway: Program, admin_token_file: Path
) -> None:
    """Each with a name of its own, and one without."""
    admin_token_file.write_text("alice a-secret\nbob@shop.example b-secret\nnew-admin\n")
    reload(gateway, "admin_token_loaded")
    coupon = system.new_coupon(1)
    url = f"http://127.0.0.1:{gateway.management_port}/admin/v1/coupons/{coupon}/"
    for verb, token in (("pause", "a-secret"), ("open", "b-secret"), ("close", "new-admin")):
        assert call("POST", url + verb, None, bearer(token)).status == 200
    assert call("POST", url + "open", None, bearer("alice a-secret")).status == 401
    rows = system.database.query("SELECT changed_by FROM coupon_change WHERE coupon_id = %s ORDER BY change_id", coupon)
    assert [row[0] for row in rows] == ["admin", "alice", "bob@shop.example", "admin"]
    admin_token_file.write_text("new-admin\n")
    reload(gateway, "admin_token_loaded")


def reload(gateway: Program, event: str) -> None:
    """SIGHUP, and wait until the log says what came of it."""
    log: Path = gateway.process.log_file
    before = log.stat().st_size
    gateway.process.send(signal.SIGHUP)
    assert wait_until(lambda: f'"{event}"'.encode() in log.read_bytes()[before:], 10), f"no {event}"


@pytest.mark.parametrize(
    ("without", "says"),
    [("--jwt-issuer", "--jwt-issuer"), ("--jwt-audience", "--jwt-audience"), ("--jwt-key", "cannot open")],
)
def test_it_does_not_start_half_configured(system: System, issuer: Issuer, without: str, says: str) -> None:
    flags = issuer.flags()
    at = flags.index(without)
    flags[at : at + 2] = ["--jwt-key", "HS256=/nowhere"] if without == "--jwt-key" else []
    program = system.world.make_gateway(_NUMBER + 1, flags)
    log = program.process.log_file
    before = log.stat().st_size if log.exists() else 0
    program.start()
    assert wait_until(lambda: not program.process.alive(), 20)
    assert program.process.exit_code() == 78
    assert says in log.read_bytes()[before:].decode()


def test_that_nobody_is_authenticated_is_said_once(system: System) -> None:
    """By a gateway with --auth=off, at its start."""
    program = system.world.make_gateway(_NUMBER + 2, [])
    log = program.process.log_file
    before = log.stat().st_size if log.exists() else 0
    program.start()
    try:
        program.wait_ready()
        url = f"http://127.0.0.1:{program.port}/api/v1/coupons"
        assert [call("GET", url).status for _ in range(3)] == [200] * 3
    finally:
        program.stop()
    assert log.read_bytes()[before:].decode().count('"event":"auth_off"') == 1
