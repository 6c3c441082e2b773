"""Requests for every answer that the API's documents describe; test_api.py counts what came."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from deploy.local.condition import wait_until
from deploy.local.secret_files import ADMIN_TOKEN
from tests.api.document import Document, Operation
from tests.api.document import admin as admin_document
from tests.api.document import public as public_document
from tests.support.raw_http import talk
from tests.support.rest import Answer, call
from tests.support.system import System
from tests.support.tables import sql_time

_HOUR = 3_600_000
TOKEN = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
BUYER = 1


@dataclass
class Walk:
    """Sends requests, and remembers (document, METHOD /path, status or "default", code) of each answer."""

    public: str
    management: str
    seen: set[tuple[str, str, str, str]] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)

    def send(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        """A call; its listener follows from its path. The admin's token is added where headers is None."""
        admin = path.split("/")[1].split("?")[0] in ("admin", "livez", "readyz", "metrics")
        given = TOKEN if admin and headers is None else headers or {}
        answer = call(method, (self.management if admin else self.public) + path, body, given)
        self.note(method, path, admin, answer.status, answer.headers, answer.text, answer.code)
        return answer

    def head(self, path: str, headers: dict[str, str] | None) -> None:
        """HEAD of what GET was asked for: an answer that GET is described to have, without its body."""
        admin = path.split("/")[1] in ("admin", "livez", "readyz", "metrics")
        answer = call("HEAD", (self.management if admin else self.public) + path, None, TOKEN if admin and headers is None else headers or {})
        operation = (admin_document() if admin else public_document()).find("HEAD", path)
        assert operation is not None and answer.text == ""
        self.wrong += [f"HEAD {path}: {answer.status}: {words}" for words in operation.violations(answer.status, answer.headers, "")]

    def management_document(self, headers: dict[str, str] | None = None) -> Answer:
        """GET /openapi.yaml, which both listeners have, of the management listener."""
        answer = call("GET", f"{self.management}/openapi.yaml", headers=headers)
        self.note("GET", "/openapi.yaml", True, answer.status, answer.headers, answer.text, answer.code)
        return answer

    def raw(self, admin: bool, method: str, path: str, rest: str) -> None:
        """Bytes that no client would send: the first words of a request, and rest."""
        base = self.management if admin else self.public
        (reply,) = talk(base, f"{method} {path} {rest}".encode(), quiet_seconds=0.02, seconds=20).replies
        self.note(method, path, admin, reply.status, reply.headers, reply.body.decode(), reply.code)

    def note(
        self, method: str, path: str, admin: bool, status: int, headers: Any, text: str, code: str | None
    ) -> None:  # fmt: skip
        """Hold an answer against its description."""
        document = admin_document() if admin else public_document()
        operation = document.find(method, urlsplit(path).path) or document.no_operation
        self.wrong += [f"{method} {path}: {status} {text[:200]}: {words}" for words in operation.violations(status, headers, text)]
        name, told = (operation.name, str(status)) if str(status) in operation.responses else ("any", "default")
        self.seen.add((document.path.stem, name, told, code or ""))


def _iso(wall_ms: int) -> str:
    return sql_time(wall_ms).replace(" ", "T") + "Z"


@dataclass(frozen=True)
class Sale:
    """A policy of one window and its coupon, in the state that its name says."""

    policy: int
    coupon: int


def sales(walk: Walk, system: System) -> dict[str, Sale]:
    """One for each way in which a coupon is (not) to be had."""
    now = int(time.time() * 1000)
    windows = {"OPEN": (-1, 1), "SOLD_OUT": (-1, 1), "NOT_STARTED": (1, 2), "ENDED": (-2, -1), "PAUSED": (-1, 1), "CLOSED": (-1, 1)}
    made = {}
    for name, (starts, ends) in windows.items():
        window = {"startsAt": _iso(now + starts * _HOUR), "endsAt": _iso(now + ends * _HOUR), "totalStock": 1 if name == "SOLD_OUT" else 100}
        policy = walk.send("POST", "/admin/v1/policies", {"name": name, "windows": [window], "status": "OPEN", "perUserLimit": 9}).json
        made[name] = Sale(policy["policyId"], policy["windows"][0]["couponId"])
    walk.send("POST", f"/admin/v1/coupons/{made['PAUSED'].coupon}/pause")
    walk.send("POST", f"/admin/v1/coupons/{made['CLOSED'].coupon}/close")
    issued(walk, made["SOLD_OUT"].coupon)
    for name, sale in made.items():  # broadcasts arrive a moment later
        if name != "OPEN":
            path = f"/api/v1/coupons/{sale.coupon}/issue"
            assert wait_until(lambda: call("POST", walk.public + path, {"userId": BUYER}).status == 409, 10), name
    return made


def issued(walk: Walk, coupon: int) -> int:
    """Let BUYER have one; its number."""
    accepted = walk.send("POST", f"/api/v1/coupons/{coupon}/issue", {"userId": BUYER})
    result = walk.send("GET", f"{accepted.json['resultUrl']}&wait=10").json
    assert result["status"] == "ISSUED", result
    return int(result["issueNo"])


def issuing(walk: Walk, made: dict[str, Sale], unknown: int) -> None:
    """Everything that a request for a coupon may be told."""

    def ways(sale: Sale) -> Iterator[tuple[str, dict[str, int]]]:
        yield f"/api/v1/coupons/{sale.coupon}/issue", {"userId": BUYER}
        yield f"/coupons/{sale.coupon}/issue", {"userId": BUYER}
        yield f"/api/coupons/{sale.coupon}/issue", {"userId": BUYER}
        yield f"/api/v1/policies/{sale.policy}/issue", {"userId": BUYER}
        yield "/api/v1/policies/issue", {"userId": BUYER, "policyId": sale.policy}
        yield f"/api/v1/users/{BUYER}/coupons/publish", {"couponId": sale.coupon}

    for sale in (*made.values(), Sale(unknown, unknown)):
        for path, body in ways(sale):
            walk.send("POST", path, body)
    for path, _ in ways(made["OPEN"]):
        walk.send("POST", path, b"{")
        walk.send("POST", path, {"userId": -1, "couponId": -1})


def results(walk: Walk, accepted: Answer) -> None:
    """Everything that a poll may be told."""
    request = accepted.json["requestId"]
    for base in ("/api/v1/coupons/result", "/coupons/result", "/api/coupons/result"):
        walk.send("GET", f"{base}/{request}", headers={"Prefer": "wait=10"})
        walk.send("GET", f"{base}/{request}?wait=soon")
        walk.send("GET", f"{base}/REQ-none")


def coupons(walk: Walk, made: dict[str, Sale], unknown: int) -> None:
    """Reading coupons, and both documents."""
    walk.send("GET", "/api/v1/coupons")
    for coupon in (made["OPEN"].coupon, unknown, "x"):
        walk.send("GET", f"/api/v1/coupons/{coupon}")
    for get in (lambda headers: walk.send("GET", "/openapi.yaml", headers=headers), walk.management_document):
        tag = get({}).headers["etag"]
        assert get({"If-None-Match": tag}).status == 304


def held(walk: Walk, system: System, unknown: int) -> None:
    """Using coupons, and giving them back."""
    coupon = system.new_coupon(100, per_user_limit=9, minOrderAmount=10, discountValue=5)
    short = system.new_coupon(10, validForSeconds=1)
    first, second, third = (issued(walk, coupon) for _ in range(3))
    over = issued(walk, short)
    base = f"/api/v1/coupons/{coupon}/issued"
    # An event of the change to come, as a backup that was put back beside a newer outbox would leave it.
    event = f"{coupon}.{third}.2"
    columns = "(id, aggregateid, type, subject, payload, created_at)"
    system.world.mariadb.root_query(f"INSERT INTO coupon.outbox {columns} VALUES ('{event}', '{coupon}', 'x', 'x', '{{}}', NOW())")
    walk.send("POST", f"/admin/v1/coupons/{coupon}/issued/{third}/revoke")
    system.world.mariadb.root_query(f"DELETE FROM coupon.outbox WHERE id = '{event}'")
    walk.send("POST", f"/admin/v1/coupons/{coupon}/issued/{third}/revoke")
    system.world.mariadb.root_query(
        f"INSERT INTO coupon.coupon_order (user_id, order_id, state, changed_at) VALUES ({BUYER}, 'c{coupon}', 'CLOSED', NOW(3))"
    )
    one, other = f"a{coupon}", f"b{coupon}"

    def use(number: int, order: str, amount: int = 20, **more: Any) -> None:
        walk.send("POST", f"{base}/{number}/use", {"orderId": order, "orderAmount": amount, **more})

    def cancel(number: int, order: str, **more: Any) -> None:
        walk.send("POST", f"{base}/{number}/cancel-use", {"orderId": order, **more})

    use(first, one, 1)
    cancel(first, one)
    use(first, f"c{coupon}")
    use(first, one)
    use(first, one, 30)
    use(first, other)
    cancel(first, other)
    use(third, other)
    cancel(third, other)
    use(second, other, userId=BUYER + 1)
    cancel(second, other, userId=BUYER + 1)
    for path in (f"{base}/{first}", f"{base}/{first}?userId={BUYER + 1}", f"{base}/99", f"{base}/x"):
        walk.send("GET", path)
    assert wait_until(lambda: walk.send("GET", f"/api/v1/coupons/{short}/issued/{over}").json["status"] == "EXPIRED", 10)
    walk.send("POST", f"/api/v1/coupons/{short}/issued/{over}/use", {"orderId": other, "orderAmount": 20})
    walk.send("POST", f"/admin/v1/coupons/{short}/issued/{over}/revoke")
    walk.send("POST", f"/admin/v1/coupons/{coupon}/issued/{first}/revoke")
    for call_name in ("use", "cancel-use"):
        walk.send("POST", f"{base}/99/{call_name}", {"orderId": one, "orderAmount": 20})
        walk.send("POST", f"{base}/{first}/{call_name}", b"{")
        walk.send("POST", f"{base}/{first}/{call_name}", {})
    cancel(first, one)
    for query in ("", "?limit=1", "?limit=0"):
        walk.send("GET", f"/api/v1/users/{BUYER}/coupons{query}")


def statistics(walk: Walk, system: System, coupon: int) -> None:
    """A coupon's last hour, as issue-worker statistics writes it."""
    now = int(time.time() * 1000) // 60000
    key = f"{{coupon-statistics}}:hour:{coupon}:{(now - 1) // 60}"
    system.world.redis.ask("HSET", key, f"{now - 1}:issued", 3)
    assert walk.send("GET", f"/admin/v1/coupons/{coupon}/stats").json["minutes"][0]["issued"] == 3


def administration(walk: Walk, made: dict[str, Sale], unknown: int) -> None:
    """The admin API."""
    made_now = walk.send("POST", "/admin/v1/coupons", {"name": "walk", "totalStock": 5})
    draft, tag = made_now.json["couponId"], made_now.headers["etag"]
    one = f"/admin/v1/coupons/{draft}"
    walk.send("POST", "/admin/v1/coupons", {"couponId": draft, "name": "walk", "totalStock": 5})
    overlap = {"name": "x", "totalStock": 1, "policyId": made["OPEN"].policy}
    walk.send("POST", "/admin/v1/coupons", overlap)
    walk.send("POST", f"{one}/pause")
    stale, match = {**TOKEN, "If-Match": '"999"'}, {**TOKEN, "If-Match": tag}
    walk.send("PATCH", one, {"name": "walked"})
    for method, path in (("PATCH", one), ("DELETE", one), *(("POST", f"{one}/{step}") for step in ("open", "pause", "close"))):
        walk.send(method, path, {"name": "x"} if method == "PATCH" else None, stale)
    walk.send("PATCH", one, {"name": "walked"}, match)
    walk.send("PATCH", one, b"{", match)
    walk.send("PATCH", one, {"couponId": 1}, match)
    for step in ("open", "pause", "close"):
        walk.send("POST", f"{one}/{step}")
        walk.send("POST", f"{one}/{step}", b"{")
        walk.send("POST", f"{one}/{step}", {"more": 1})
        walk.send("POST", f"/admin/v1/coupons/{unknown}/{step}")
    for step in ("open", "pause"):
        walk.send("POST", f"{one}/{step}")
    any_version = {**TOKEN, "If-Match": "*"}
    walk.send("PATCH", one, {"totalStock": 9}, any_version)
    sold = f"/admin/v1/coupons/{made['SOLD_OUT'].coupon}"
    walk.send("PATCH", f"/admin/v1/coupons/{made['OPEN'].coupon}", {"discountValue": 7}, any_version)
    walk.send("PATCH", sold, {"discountValue": 7}, any_version)
    walk.send("DELETE", sold)
    stock = walk.send("PATCH", f"/admin/v1/coupons/{made['OPEN'].coupon}", {"totalStock": 1}, any_version)
    assert stock.code == "BELOW_ISSUED", stock.text
    late = walk.send("POST", "/admin/v1/coupons", {
        "name": "late", "totalStock": 1, "policyId": made["OPEN"].policy,
        "issueStartsAt": _iso(int(time.time() * 1000) + 5 * _HOUR), "issueEndsAt": _iso(int(time.time() * 1000) + 6 * _HOUR),
    }).json["couponId"]  # fmt: skip
    walk.send("PATCH", f"/admin/v1/coupons/{late}", {"issueStartsAt": _iso(int(time.time() * 1000))}, any_version)
    walk.send("DELETE", f"/admin/v1/coupons/{late}")
    for body in (b"{", {"name": ""}):
        walk.send("POST", "/admin/v1/coupons", body)
        walk.send("POST", "/admin/v1/policies", body)
        walk.send("POST", f"{sold}/issued/1/revoke", {"more": 1} if isinstance(body, dict) else body)
    policy = made["OPEN"].policy
    window = {"startsAt": _iso(0), "endsAt": _iso(1), "totalStock": 1}
    walk.send("POST", "/admin/v1/policies", {"policyId": policy, "name": "x", "windows": [window]})
    for path in ("coupons", "policies"):
        walk.send("GET", f"/admin/v1/{path}?limit=2")
        walk.send("GET", f"/admin/v1/{path}?limit=0")
    for path in (f"policies/{policy}", f"policies/{unknown}", "policies/x", f"coupons/{draft}", f"coupons/{unknown}", "coupons/x"):
        walk.send("GET", f"/admin/v1/{path}")
    for path in (f"{one}/stats", f"/admin/v1/coupons/{unknown}/stats", "/admin/v1/coupons/x/stats"):
        walk.send("GET", path)
    for path, method in ((f"/admin/v1/coupons/{unknown}", "PATCH"), (f"/admin/v1/coupons/{unknown}", "DELETE"), ("/admin/v1/coupons/x", "DELETE")):
        walk.send(method, path, {"name": "x"} if method == "PATCH" else None, any_version)
    walk.send("POST", f"/admin/v1/coupons/{unknown}/issued/1/revoke")
    for path in ("/livez", "/readyz?verbose", "/metrics"):
        walk.send("GET", path)


def path_of(operation: Operation, request_id: str = "REQ-1") -> str:
    """The operation's path with ids that are well-formed."""
    path = operation.path.replace("{requestId}", request_id)
    for name in ("{couponId}", "{userId}", "{issueNo}", "{policyId}", "{id}"):
        path = path.replace(name, "1")
    return path


def everywhere(walk: Walk, document: Document, headers: dict[str, str] | None, request_id: str = "REQ-1") -> None:
    """Each operation of a document once, with ids that are well-formed: what all of them answer in some state."""
    for operation in document.operations:
        body: dict[str, Any] | None = {"userId": 1, "couponId": 1, "policyId": 1, "orderId": "o", "orderAmount": 1}
        if document.path.stem == "admin":
            body = {"name": "x", "totalStock": 1} if operation.path.endswith("/coupons") else None
            if operation.path.endswith("/policies"):
                body = {"name": "x", "windows": [{"startsAt": _iso(0), "endsAt": _iso(1), "totalStock": 1}]}
            if operation.method == "PATCH":
                body = {"name": "x"}
        sent = headers
        if operation.method == "PATCH":
            sent = {**(TOKEN if headers is None else headers), "If-Match": "*"}
        if operation.path != "/openapi.yaml":
            path = path_of(operation, request_id)
            walk.send(operation.method, path, body if operation.method in ("POST", "PATCH") else None, sent)
            if operation.method == "GET":
                walk.head(path, sent)


def before_the_call(walk: Walk) -> None:
    """What HTTP itself refuses, on both listeners; each operation is asked without the Host that HTTP wants."""
    for admin, document, path in ((False, public_document(), "/api/v1/coupons/1/issue"), (True, admin_document(), "/admin/v1/coupons")):
        host, json = "HTTP/1.1\r\nHost: x\r\n", "Content-Type: application/json\r\n"
        for operation in document.operations:
            walk.raw(admin, operation.method, path_of(operation), "HTTP/1.1\r\n\r\n")
        walk.raw(admin, "GET", "/nothing", f"{host}\r\n")
        walk.raw(admin, "PUT", path, f"{host}\r\n")
        walk.raw(admin, "POST", path, f"{host}{json}Content-Length: 9999999\r\n\r\n")
        walk.raw(admin, "POST", path, f"{host}Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{{}}")
        walk.raw(admin, "POST", path, f"{host}{json}Expect: a miracle\r\nContent-Length: 2\r\n\r\n{{}}")
        walk.raw(admin, "POST", path, f"{host}X: {'x' * 9000}\r\n\r\n")


def too_slow(walk: Walk, admin: bool) -> None:
    """A request of which nothing more comes; the answer takes as long as a request may."""
    walk.raw(admin, "POST", "/admin/v1/coupons" if admin else "/api/v1/coupons/1/issue", "HTTP/1.1\r\nHost: x\r\n")
