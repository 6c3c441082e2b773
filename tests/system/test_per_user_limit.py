"""Goal: one user who asks ten times at once gets what the limit allows, and is told ALREADY_ISSUED otherwise."""

import pytest

from tests.support.ledger import Ledger
from tests.support.sales import one_user_sale
from tests.support.system import System


@pytest.mark.parametrize("limit", [1, 3])
def test_one_user_ten_times(system: System, ledger: Ledger, limit: int) -> None:
    one_user_sale(system, ledger, 10, limit).assert_good()
