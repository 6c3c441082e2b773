"""What each program may do with each table: reading grants.ini, and the statements that bring a server to it."""

import configparser
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE")
_NAME = re.compile(r"[a-z][a-z0-9_]*")

# Program → table → rights.
Grants = Mapping[str, Mapping[str, frozenset[str]]]


class GrantsError(Exception):
    """What is wrong with the file; its text is the whole message."""


@dataclass(frozen=True)
class Account:
    """A user as the servers know it: a name together with where it may come from."""

    user: str
    host: str

    def __str__(self) -> str:
        return f"'{self.user}'@'{self.host}'"


@dataclass(frozen=True)
class Held:
    """A right that an account has. table "" and column "": of the whole database, of the whole table."""

    database: str
    table: str
    column: str
    right: str


def read_grants(path: Path) -> Grants:
    """The file's content. Raises GrantsError for what is neither a program, a table nor a right."""
    parser = configparser.ConfigParser(interpolation=None, default_section="")
    try:
        parser.read_string(path.read_text(), path.name)
    except configparser.Error as error:
        raise GrantsError(str(error)) from None
    grants: dict[str, dict[str, frozenset[str]]] = {}
    for program in parser.sections():
        tables = {table: frozenset(rights.split()) for table, rights in parser.items(program)}
        for name in (program, *tables):
            if not _NAME.fullmatch(name):
                raise GrantsError(f"{path.name}: [{program}]: {name} is no name")
        for table, rights in tables.items():
            if not rights or rights - set(RIGHTS):
                raise GrantsError(f"{path.name}: [{program}] {table}: rights are {', '.join(RIGHTS)}")
        grants[program] = tables
    if not grants:
        raise GrantsError(f"{path.name}: no program in it")
    return grants


def changes(
    account: Account, database: str, wanted: Mapping[str, Iterable[str]], held: Iterable[Held]
) -> list[str]:
    """The statements after which the account has in this database the wanted rights and no others; none if it
    has them. What it keeps it has all the time: programs may be running."""
    have = set(held)
    want = {Held(database, table, "", right) for table, rights in wanted.items() for right in rights}
    statements = []
    for table, rights in sorted(wanted.items()):
        missing = [right for right in RIGHTS if right in rights and Held(database, table, "", right) not in have]
        if missing:
            statements.append(f"GRANT {', '.join(missing)} ON `{database}`.`{table}` TO {account}")
    for surplus in sorted(have - want, key=lambda one: (one.database, one.table, one.column, one.right)):
        column = f" (`{surplus.column}`)" if surplus.column else ""
        table = f"`{surplus.table}`" if surplus.table else "*"
        statements.append(f"REVOKE {surplus.right}{column} ON `{surplus.database}`.{table} FROM {account}")
    return statements
