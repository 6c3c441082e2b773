"""What the tests of the older systems share: their calls over HTTP, many users at once."""

from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.support.rest import Answer, call
from tests.support.system import System


def post(system: System, path: str, body: Any = None, gateway: int = 0) -> Answer:
    """POST to one of the gateways."""
    return call("POST", f"{system.gateways[gateway % len(system.gateways)]}{path}", body)


def get(system: System, path: str, gateway: int = 0) -> Answer:
    """GET from one of the gateways."""
    return call("GET", f"{system.gateways[gateway % len(system.gateways)]}{path}")


def at_once(users: Iterable[int], press: Callable[[int], Answer]) -> list[Answer]:
    """All users press at once, as many as there are; their answers, in the order of the users."""
    everybody = list(users)
    with ThreadPoolExecutor(len(everybody)) as pool:
        return list(pool.map(press, everybody))


def ends(system: System, answers: Iterable[Answer], result_path: str) -> Counter[str]:
    """How many ended in which way: polls what was accepted, at {result_path}/{requestId}."""

    def end(answer: Answer) -> str:
        if answer.status != 202:
            return answer.code or str(answer.status)
        body = get(system, f"{result_path}/{answer.json['requestId']}?wait=20").json
        return str(body["reason"] or body["status"])

    with ThreadPoolExecutor(16) as pool:
        return Counter(pool.map(end, answers))
