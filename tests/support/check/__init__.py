"""The checkers. Each takes what was seen and gives back the violations in words; an empty list is good.

  ledger   what clients were told against the results in MySQL (promises R, L)
  sql      the counts and limits inside MySQL (S, U, C)
  log      every accepted request is in the topic (L)
  model    a replay of the topic gives exactly the table's winners and results (O, R)
  dead_letters   what the model cannot decide is in the dead-letter topic, and nothing else"""

from tests.support.check.dead_letters import check_dead_letters
from tests.support.check.ledger import check_ledger
from tests.support.check.log import check_log
from tests.support.check.model import check_model
from tests.support.check.sql import check_sql

__all__ = ["check_dead_letters", "check_ledger", "check_log", "check_model", "check_sql"]
