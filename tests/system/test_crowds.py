"""Goal: many users at once on few coupons, through two gateways. Exactly the first in the topic win, the others
are told sold out, every poll ends with what the table holds, and afterwards the gate refuses without Kafka."""

import pytest

from tests.support.ledger import Ledger
from tests.support.sales import crowd_sale
from tests.support.system import System


@pytest.mark.parametrize("users, stock", [(100, 30), (120, 100), (500, 100), (2000, 1000)])
def test_crowd(system: System, ledger: Ledger, users: int, stock: int) -> None:
    crowd_sale(system, ledger, users, stock).assert_good()
