#!/usr/bin/python3
"""Make a server ready for the programs: the database, its owner, the tables, and a user for each program with
the rights of grants.ini and no others. What is right already is left alone, so it may run at any time.

Needs Python 3.11 and the mariadb or mysql command line, nothing else. Two runs at once are safe: the second
waits for the first. Exit codes: 0 done, 1 refused or failed, 64 wrong usage.
"""

import argparse
import os
import re
import secrets
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

if __package__:
    from deploy.schema import apply as schema
    from deploy.schema.grants import Account, Grants, GrantsError, Held, changes, read_grants
else:
    import apply as schema
    from grants import Account, Grants, GrantsError, Held, changes, read_grants

HERE = Path(__file__).resolve().parent
OWNER_RIGHTS = "SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES"
_PASSWORD_BYTES = 24
_DATABASE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_USER = re.compile(r"[A-Za-z0-9_-]{1,32}")
_HOST = re.compile(r"[A-Za-z0-9_.:%/*-]{1,255}")
_TLS = {"none": "NONE", "ssl": "SSL", "x509": "X509"}


class SetupError(Exception):
    """Why it was not done; its text is the whole message."""


@dataclass(frozen=True)
class Plan:
    """What is wanted. admin logs in to make users and grant rights. hosts: where programs come from. passwords:
    user → password. require: the connection a user must have, a key of _TLS."""

    admin: schema.Server
    database: str
    owner: str
    prefix: str
    hosts: Sequence[str]
    passwords: Mapping[str, str]
    require: str
    grants: Grants

    def user(self, program: str) -> str:
        """The program's user."""
        return self.prefix + program

    def users(self) -> list[str]:
        """All of them, the owner first."""
        return [self.owner, *map(self.user, self.grants)]


def password_file(directory: Path, user: str, plan_owner: str, prefix: str) -> Path:
    """Where a user's password is: mysql-password for the owner, mysql-password-gateway for the gateway's."""
    return directory / ("mysql-password" if user == plan_owner else f"mysql-password-{user.removeprefix(prefix)}")


def _text(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def _check(plan: Plan) -> None:
    if not _DATABASE.fullmatch(plan.database):
        raise SetupError(f"{plan.database}: a database's name is of letters, digits, _ and -")
    for user in plan.users():
        if not _USER.fullmatch(user):
            raise SetupError(f"{user}: a user's name is of letters, digits, _ and -, up to 32 of them")
        password = plan.passwords.get(user, "")
        if not password or not password.isprintable():
            raise SetupError(f"the password of {user} is empty, or more than one line")
    for host in plan.hosts:
        if not _HOST.fullmatch(host):
            raise SetupError(f"{host}: no host that users can come from")


def _make_user(session: schema.Session, plan: Plan, account: Account) -> None:
    password = _text(plan.passwords[account.user])
    session.run(f"CREATE USER IF NOT EXISTS {account} IDENTIFIED BY {password};")
    session.run(f"ALTER USER {account} IDENTIFIED BY {password} REQUIRE {_TLS[plan.require]};")


def _held(session: schema.Session, plan: Plan, account: Account) -> list[Held]:
    """What the account may do in the database, beyond logging in."""
    grantee = f"grantee = {_text(str(account))}"
    here = f"REPLACE(table_schema, '\\\\', '') = '{plan.database}'"
    levels = {
        "table_name, column_name": "column_privileges",
        "table_name, ''": "table_privileges",
        "'', ''": "schema_privileges",
    }
    held = []
    for place, view in levels.items():
        rows = session.run(
            f"SELECT table_schema, {place}, privilege_type, is_grantable FROM information_schema.{view}"
            f" WHERE {grantee} AND {here};"
        )
        for database, table, column, right, grantable in rows:
            held.append(Held(database, table, column, right))
            if grantable == "YES":
                held.append(Held(database, table, "", "GRANT OPTION"))
    return [one for one in held if one.right != "USAGE"]


def _far_rights(session: schema.Session, account: Account) -> list[str]:
    """Rights that go beyond any one database."""
    rows = session.run(
        f"SELECT privilege_type FROM information_schema.user_privileges WHERE grantee = {_text(str(account))}"
        " AND privilege_type <> 'USAGE' ORDER BY 1;"
    )
    return [right for (right,) in rows]


def _grant(session: schema.Session, plan: Plan, tell: Callable[[str], None]) -> None:
    for program, tables in plan.grants.items():
        for host in plan.hosts:
            account = Account(plan.user(program), host)
            _make_user(session, plan, account)
            for statement in changes(account, plan.database, tables, _held(session, plan, account)):
                session.run(statement + ";")
                tell(statement)
            far = _far_rights(session, account)
            if far:
                tell(f"WARNING: {account} may do more than this on the whole server: {', '.join(far)}")


def setup(plan: Plan, directory: Path, tell: Callable[[str], None]) -> None:
    """Do it. tell gets a line for each change. Raises SetupError or schema.SchemaError."""
    _check(plan)
    session = schema.Session(plan.admin)
    try:
        # How texts are quoted below must not depend on the server's settings.
        session.run("SET sql_mode = 'NO_ENGINE_SUBSTITUTION';")
        schema.lock(session, plan.database, "setup")
        session.run(f"CREATE DATABASE IF NOT EXISTS `{plan.database}` CHARACTER SET utf8mb4;")
        for host in plan.hosts:
            account = Account(plan.owner, host)
            _make_user(session, plan, account)
            pattern = plan.database.replace("_", "\\_")
            session.run(f"GRANT {OWNER_RIGHTS} ON `{pattern}`.* TO {account};")
        owner = schema.Server(
            plan.admin.host, plan.admin.port, plan.owner, plan.passwords[plan.owner], plan.database, plan.admin.socket
        )
        for file in schema.apply(owner, directory):
            tell(f"applied {file.path.name}")
        _grant(session, plan, tell)
    finally:
        session.close()


def _passwords(directory: Path, users: Sequence[str], owner: str, prefix: str, make: bool) -> dict[str, str]:
    passwords = {}
    for user in users:
        path = password_file(directory, user, owner, prefix)
        if make and not path.exists():
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(_PASSWORD_BYTES) + "\n")
        try:
            passwords[user] = path.read_text().removesuffix("\n")
        except FileNotFoundError:
            raise SetupError(f"no {path}, the password of {user}; --make-passwords makes those that are missing") from None
    return passwords


def _arguments() -> argparse.Namespace:
    def setting(name: str, default: str) -> str:
        return os.environ.get(f"COUPON_MYSQL_{name}") or default

    parser = argparse.ArgumentParser(
        prog="setup_db.py",
        description="Make a MariaDB or MySQL server ready: database, owner, tables, a user for each program.",
        epilog="Each option that has a default is also an environment variable: --port is COUPON_MYSQL_PORT. The"
        " administrator's password comes from its file, or from COUPON_MYSQL_ADMIN_PASSWORD.",
    )
    add = parser.add_argument
    add("--host", default=setting("HOST", "127.0.0.1"), help="default: %(default)s")
    add("--port", type=int, default=setting("PORT", "3306"), help="default: %(default)s")
    add("--socket", type=Path, default=setting("SOCKET", "") or None, help="of a server on this machine, instead")
    add("--admin-user", default=setting("ADMIN_USER", "root"), metavar="NAME",
        help="one who may create users and grant rights; default: %(default)s")  # fmt: skip
    add("--admin-password-file", type=Path, default=setting("ADMIN_PASSWORD_FILE", "") or None, metavar="FILE")
    add("--database", default=setting("DATABASE", "coupon"), metavar="NAME", help="default: %(default)s")
    add("--owner", default=setting("OWNER", "coupon"), metavar="NAME",
        help="who owns the tables and changes them (apply.py, operators); default: %(default)s")  # fmt: skip
    add("--user-prefix", default=setting("USER_PREFIX", "coupon_"), metavar="TEXT",
        help="what the programs' users begin with; default: %(default)s")  # fmt: skip
    add("--client-hosts", default=setting("CLIENT_HOSTS", "%"), metavar="HOST,...",
        help="where they come from, as the server sees it; default: %%, anywhere")  # fmt: skip
    add("--require", choices=_TLS, default=setting("REQUIRE", "none"),
        help="what a connection of theirs must be: ssl: encrypted, x509: with a client certificate; default: %(default)s")  # fmt: skip
    add("--passwords", type=Path, default=setting("PASSWORDS", "") or None, metavar="DIRECTORY", required=False,
        help="with the files mysql-password (the owner's) and mysql-password-gateway, -worker, …")  # fmt: skip
    add("--make-passwords", action="store_true", help="make those files that are missing, with random passwords")
    add("--directory", type=Path, default=HERE, help="of the SQL files and grants.ini")
    options = parser.parse_args()
    if options.passwords is None:
        parser.error("--passwords DIRECTORY is missing")
    return options


def _plan(options: argparse.Namespace) -> Plan:
    password = os.environ.get("COUPON_MYSQL_ADMIN_PASSWORD", "")
    if options.admin_password_file:
        password = options.admin_password_file.read_text().removesuffix("\n")
    grants = read_grants(options.directory / "grants.ini")
    users = [options.owner, *(options.user_prefix + program for program in grants)]
    return Plan(
        schema.Server(options.host, options.port, options.admin_user, password, "", options.socket),
        options.database, options.owner, options.user_prefix, options.client_hosts.split(","),
        _passwords(options.passwords, users, options.owner, options.user_prefix, options.make_passwords),
        options.require, grants,
    )  # fmt: skip


def main() -> int:
    """The command; gives back its exit code."""
    try:
        options = _arguments()
    except SystemExit as end:
        return 64 if end.code else 0
    try:
        plan = _plan(options)
        setup(plan, options.directory, lambda line: print(f"setup-db: {line}", flush=True))
    except (SetupError, GrantsError, schema.SchemaError, OSError, UnicodeDecodeError) as error:
        print(f"setup-db: {error}", file=sys.stderr)
        return 1
    print(f"setup-db: {plan.database} is ready; users {', '.join(plan.users())}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
