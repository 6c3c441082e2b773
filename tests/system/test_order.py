"""Goal: requests for one coupon that come one after the other are decided in that order, issueNo 1…n."""

import pytest

from tests.support.ledger import Ledger
from tests.support.sales import ordered_sale
from tests.support.system import System


@pytest.mark.parametrize("users, stock", [(20, 20), (20, 7)])
def test_order(system: System, ledger: Ledger, users: int, stock: int) -> None:
    ordered_sale(system, ledger, users, stock).assert_good()
