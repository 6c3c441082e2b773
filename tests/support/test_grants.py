"""Goal: grants.ini gives each program what its statements need and nothing else, and what is changed on a server is
the difference alone."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.paths import REPOSITORY, SCHEMA
from deploy.schema.grants import Account, GrantsError, Held, changes, read_grants

GRANTS = read_grants(SCHEMA / "grants.ini")
# Section → where its statements are.
_SOURCES = {
    "gateway": ["api-gateway/*.[ch]", "api-gateway/*/*.[ch]"],
    "worker": ["issue-worker/*.[ch]", "issue-worker/shop/*.[ch]"],
    "relay": ["issue-worker/relay/*.[ch]"],
    "dlt": ["issue-worker/dlt/*.[ch]"],
    "expiry": ["expiry-batch/*.[ch]"],
}
_VERBS = {
    "INSERT": r"INSERT(?: IGNORE)? INTO (\w+)",
    "UPDATE": r"(?<!FOR )(?<!KEY )\bUPDATE (\w+)",
    "DELETE": r"DELETE FROM (\w+)",
    "SELECT": r"(?<!DELETE )(?:FROM|JOIN) (\w+)",
}
_OR_UPDATED = re.compile(r"INSERT INTO (\w+)(?:(?!INSERT INTO).){0,600}?ON DUPLICATE KEY", re.DOTALL)
_TABLES = {
    name for file in SCHEMA.glob("*.sql") for name in re.findall(r"CREATE TABLE (?:IF NOT EXISTS )?(\w+)", file.read_text())
} | {"schema_version"}  # fmt: skip


def sources(program: str) -> set[Path]:
    """Its files, and those of common/ that they include, or that those include."""
    todo = {path for pattern in _SOURCES[program] for path in REPOSITORY.glob(pattern)}
    done: set[Path] = set()
    while todo:
        path = todo.pop()
        done.add(path)
        for header in re.findall(r'#include "(common/[^"]+)\.h"', path.read_text()):
            todo |= {found for end in (".h", ".c") if (found := REPOSITORY / (header + end)).exists()} - done
    return done


def statements(program: str) -> Iterator[str]:
    """The texts in its sources, those that the compiler puts together in one piece."""
    for path in sources(program):
        without_comments = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
        yield re.sub(r'"\s*"', "", without_comments)


def used(program: str) -> set[tuple[str, str]]:
    """Tables and rights that occur in its statements."""
    found = set()
    for text in statements(program):
        for right, verb in _VERBS.items():
            found |= {(table, right) for table in re.findall(verb, text) if table in _TABLES}
        # What is told by a WHERE, or by the row that is there already, is read.
        found |= {(table, "SELECT") for table in re.findall(r"(?<!KEY )\bUPDATE (\w+)|DELETE FROM (\w+)", text) for table in table}
        found |= {(table, right) for table in _OR_UPDATED.findall(text) for right in ("SELECT", "UPDATE")}
    return {(table, right) for table, right in found if table in _TABLES}


@pytest.mark.parametrize("program", GRANTS)
def test_rights_are_those_that_statements_use(program: str) -> None:
    granted = {(table, right) for table, rights in GRANTS[program].items() for right in rights}
    needed = used(program)
    print(sorted(needed))
    assert granted - needed == set(), "granted, and no statement uses it"
    assert needed - granted == set(), "used, and not granted in deploy/schema/grants.ini"


def test_no_program_owns_what_others_decide_by() -> None:
    """What would undo a promise if one program could be made to do it."""
    for program, table, rights in (
        ("gateway", "consumer_fence", {"INSERT", "UPDATE", "DELETE"}),
        ("gateway", "coupon_issue_result", {"INSERT", "UPDATE", "DELETE"}),
        ("gateway", "coupon_change", {"UPDATE", "DELETE"}),
        ("worker", "coupon", {"INSERT", "DELETE"}),
        ("worker", "user_coupon", {"DELETE"}),
        ("worker", "coupon_change", {"INSERT", "UPDATE", "DELETE"}),
        ("expiry", "consumer_fence", {"SELECT", "INSERT", "UPDATE", "DELETE"}),
        ("expiry", "user_coupon", {"INSERT", "DELETE"}),
        ("dlt", "user_coupon", {"SELECT", "INSERT", "UPDATE", "DELETE"}),
        ("dlt", "dead_letter_action", {"DELETE"}),
    ):
        assert not rights & GRANTS[program].get(table, frozenset()), f"{program}: {table}"
    assert all(rights == {"SELECT"} for tables in GRANTS.values() for table, rights in tables.items()
               if table == "schema_version")  # fmt: skip


ACCOUNT = Account("coupon_worker", "%")


def test_what_is_right_is_left_alone() -> None:
    held = [Held("db", "coupon", "", "SELECT"), Held("db", "coupon", "", "UPDATE")]
    assert changes(ACCOUNT, "db", {"coupon": {"SELECT", "UPDATE"}}, held) == []


def test_only_the_difference_is_changed() -> None:
    held = [
        Held("db", "coupon", "", "SELECT"), Held("db", "coupon", "", "DELETE"), Held("db", "", "", "DROP"),
        Held("db", "outbox", "", "SELECT"), Held("db", "coupon", "name", "UPDATE"), Held("db", "coupon", "", "GRANT OPTION"),
    ]  # fmt: skip
    assert changes(ACCOUNT, "db", {"coupon": {"SELECT", "UPDATE"}, "outbox": {"SELECT", "INSERT"}}, held) == [
        "GRANT UPDATE ON `db`.`coupon` TO 'coupon_worker'@'%'",
        "GRANT INSERT ON `db`.`outbox` TO 'coupon_worker'@'%'",
        "REVOKE DROP ON `db`.* FROM 'coupon_worker'@'%'",
        "REVOKE DELETE ON `db`.`coupon` FROM 'coupon_worker'@'%'",
        "REVOKE GRANT OPTION ON `db`.`coupon` FROM 'coupon_worker'@'%'",
        "REVOKE UPDATE (`name`) ON `db`.`coupon` FROM 'coupon_worker'@'%'",
    ]


@pytest.mark.parametrize(
    "text, word",
    [
        ("", "no program"),
        ("[worker]\ncoupon = SELECT, UPDATE", "rights are"),
        ("[worker]\ncoupon = DROP", "rights are"),
        ("[worker]\ncoupon =", "rights are"),
        ("[worker]\ncou-pon = SELECT", "cou-pon is no name"),
        ("[worker]\ncoupon = SELECT\ncoupon = UPDATE", "already exists"),
        ("coupon = SELECT", "no section"),
    ],
)
def test_a_mistake_in_the_file_is_told(tmp_path: Path, text: str, word: str) -> None:
    file = tmp_path / "grants.ini"
    file.write_text(text)
    with pytest.raises(GrantsError) as told:
        read_grants(file)
    assert word in str(told.value)
