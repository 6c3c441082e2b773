"""Goal: an admin sees what became of a coupon: how many of the issued ones are in which status, and what happened in each
minute of the last hour, as far as the statistics consumer has counted it."""

import time

from deploy.local.condition import wait_until
from tests.support.rest import call
from tests.support.system import System

_NONE = {"ISSUED": 0, "USED": 0, "EXPIRED": 0, "REVOKED": 0}


def test_counts_by_status(system: System) -> None:
    coupon = system.new_coupon(4)
    for user in (1, 2, 3):
        accepted = call("POST", f"{system.gateways[0]}/api/v1/coupons/{coupon}/issue", {"userId": user})
        result = call("GET", f"{system.gateways[0]}{accepted.json['resultUrl']}&wait=10").json
        assert result["status"] == "ISSUED"
    use = {"orderId": f"stats-{coupon}", "orderAmount": 50000, "userId": 1}
    assert call("POST", f"{system.gateways[0]}/api/v1/coupons/{coupon}/issued/1/use", use).status == 200
    assert system.admin("POST", f"/coupons/{coupon}/issued/2/revoke").status == 200
    answer = system.admin("GET", f"/coupons/{coupon}/stats", gateway=1)
    print(answer.text)
    assert {name: answer.json[name] for name in ("couponId", "totalStock", "issuedCount", "remaining", "byStatus")} == {
        "couponId": coupon, "totalStock": 4, "issuedCount": 3, "remaining": 1,
        "byStatus": {**_NONE, "ISSUED": 1, "USED": 1, "REVOKED": 1},
    }  # fmt: skip
    fresh = system.admin("GET", f"/coupons/{system.new_coupon(1)}/stats")
    assert (fresh.json["byStatus"], fresh.json["minutes"]) == (_NONE, [])
    assert system.admin("GET", f"/coupons/{system.unused_id()}/stats").code == "UNKNOWN_COUPON"


def test_minutes_of_the_last_hour(system: System) -> None:
    """What the consumer writes, by hand."""
    coupon, now = system.new_coupon(1), int(time.time() * 1000) // 60000
    written = {now - 1: {"issued": 3, "use-cancelled": 1}, now - 50: {"expired": 7}, now - 70: {"issued": 9}}
    for minute, counts in written.items():
        for name, number in counts.items():
            key = f"{{coupon-statistics}}:hour:{coupon}:{minute // 60}"
            system.world.redis.ask("HSET", key, f"{minute}:{name}", number)
    seen = system.admin("GET", f"/coupons/{coupon}/stats").json["minutes"]
    print(seen)
    none = {"issued": 0, "used": 0, "useCancelled": 0, "expired": 0, "revoked": 0}
    shown = [time.strftime("%Y-%m-%dT%H:%M:00.000Z", time.gmtime(minute * 60)) for minute in (now - 50, now - 1)]
    assert seen == [
        {"minute": shown[0], **none, "expired": 7}, {"minute": shown[1], **none, "issued": 3, "useCancelled": 1}
    ]  # fmt: skip


def test_without_redis_the_minutes_are_not_known(system: System) -> None:
    coupon = system.new_coupon(1)
    system.world.redis.stop()
    assert wait_until(lambda: system.admin("GET", f"/coupons/{coupon}/stats").json["minutes"] is None, 10)
    assert system.admin("GET", f"/coupons/{coupon}/stats").json["byStatus"] == _NONE
    system.heal()
    assert wait_until(lambda: system.admin("GET", f"/coupons/{coupon}/stats").json["minutes"] == [], 10)
