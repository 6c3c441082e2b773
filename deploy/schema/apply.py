#!/usr/bin/python3
"""Bring a database to the newest schema: apply NNNN-name.sql in order, each once, and record it.

Needs Python 3.11 and the mariadb or mysql command line, nothing else. Two runs at once are safe: the
second waits for the first. Exit codes: 0 done, 1 refused or failed, 64 wrong usage.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

LOCK_SECONDS = 60
_MARK = "schema-apply-answer-ends"
_FILE_NAME = re.compile(r"(\d{4})-([a-z0-9-]+)\.sql")
_OLDEST_PROGRAM = re.compile(r"^--\s*oldest-program\b.*$", re.MULTILINE)
_CREATE_RECORD = """CREATE TABLE IF NOT EXISTS schema_version (
    version INT NOT NULL PRIMARY KEY,
    name VARCHAR(100) NOT NULL,
    checksum CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    applied_at DATETIME(3) NOT NULL
) ENGINE=InnoDB;
"""


class SchemaError(Exception):
    """Why the schema was not applied; its text is the whole message."""


class StatementError(SchemaError):
    """The server refused a statement. line counts from 1 in the text that was sent, None if unknown."""

    def __init__(self, message: str, line: int | None) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class Server:
    """Where the database is, and who we are there. socket: of a server on this machine, instead of host and port.
    database "": none."""

    host: str
    port: int
    user: str
    password: str
    database: str
    socket: Path | None = None


@dataclass(frozen=True)
class SchemaFile:
    """One versioned file. checksum is SHA-256 of its bytes; oldest_program is the version of the oldest programs that
    work with it too, None where only its own do."""

    path: Path
    version: int
    name: str
    text: str
    checksum: str
    oldest_program: int | None = None


@dataclass(frozen=True)
class Record:
    """One row of schema_version."""

    version: int
    name: str
    checksum: str
    applied_at: str


class Session:
    """One connection, held by one run of the command line client, so that a lock taken lasts."""

    def __init__(self, server: Server) -> None:
        client = shutil.which("mariadb") or shutil.which("mysql")
        if client is None:
            raise SchemaError("neither mariadb nor mysql is on PATH: install a MariaDB or MySQL client")
        self._errors = tempfile.TemporaryFile()
        self._lines_sent = 0
        with tempfile.NamedTemporaryFile("w", prefix="schema-", suffix=".cnf") as options:
            options.write(_client_options(server))
            options.flush()
            self._client = subprocess.Popen(
                [client, f"--defaults-file={options.name}", "--batch", "--skip-column-names", "--unbuffered",
                 "--skip-reconnect", "--connect-timeout=10", *([server.database] if server.database else [])],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True,
            )  # fmt: skip
            try:
                self.run("SET NAMES utf8mb4; SET time_zone = '+00:00';\n")
            except StatementError as error:
                raise SchemaError(str(error)) from None

    def run(self, sql: str) -> list[list[str]]:
        """Run statements, each ended by ';', and give back the rows they print. Raises StatementError at
        the first that fails; the session is over then."""
        assert self._client.stdin and self._client.stdout
        lines_before = self._lines_sent
        rows: list[list[str]] = []
        text = f"{sql.rstrip()}\nSELECT '{_MARK}';\n"
        self._lines_sent += text.count("\n")
        try:
            self._client.stdin.write(text)
            self._client.stdin.flush()
        except BrokenPipeError:
            raise self._failure(lines_before) from None
        for line in self._client.stdout:
            if line.rstrip("\n") == _MARK:
                return rows
            rows.append(line.rstrip("\n").split("\t"))
        raise self._failure(lines_before)

    def close(self) -> None:
        """End the connection; locks it holds are free then."""
        assert self._client.stdin and self._client.stdout
        try:
            self._client.stdin.close()
        except BrokenPipeError:
            pass
        self._client.wait()
        self._client.stdout.close()
        self._errors.close()

    def _failure(self, lines_before: int) -> StatementError:
        self._client.wait()
        self._errors.seek(0)
        message = self._errors.read().decode(errors="replace").strip()
        message = message[max(0, message.find("ERROR ")) :]
        place = re.search(r" at line (\d+)", message)
        line = int(place.group(1)) - lines_before if place else None
        message = re.sub(r" at line \d+", "", message, count=1)
        return StatementError(message or "the client ended without a word", line)


def _client_options(server: Server) -> str:
    quoted = server.password.replace("\\", "\\\\").replace('"', '\\"')
    where = f"protocol=tcp\nhost={server.host}\nport={server.port}"
    if server.socket:
        where = f"protocol=socket\nsocket={server.socket}"
    return f'[client]\n{where}\nuser={server.user}\npassword="{quoted}"\n'


def read_files(directory: Path) -> list[SchemaFile]:
    """The schema files in order. Raises SchemaError for a name out of pattern, a gap, a version given
    twice, or a file whose last statement has no end."""
    files = []
    for path in sorted(directory.glob("*.sql")):
        parts = _FILE_NAME.fullmatch(path.name)
        if parts is None:
            raise SchemaError(f"{path.name}: schema files are named NNNN-name.sql")
        data = path.read_bytes()
        text = data.decode()
        if not _without_comments(text).endswith(";"):
            raise SchemaError(f"{path.name}: does not end with ';'")
        oldest = _oldest_program(path.name, text, int(parts[1]))
        files.append(SchemaFile(path, int(parts[1]), parts[2], text, hashlib.sha256(data).hexdigest(), oldest))
    for position, file in enumerate(files, start=1):
        if file.version != position:
            raise SchemaError(f"{file.path.name}: expected version {position:04} here; a gap, or a number given twice")
    if not files:
        raise SchemaError(f"no NNNN-name.sql in {directory}")
    return files


def _oldest_program(name: str, text: str, version: int) -> int | None:
    declared = _OLDEST_PROGRAM.search(text)
    if declared is None:
        return None
    number = re.fullmatch(r"-- oldest-program: (\d{4})", declared[0])
    if number is None or int(number[1]) >= version:
        raise SchemaError(f"{name}: '{declared[0]}' is not '-- oldest-program: NNNN' with a version before {version:04}")
    return int(number[1])


def _without_comments(text: str) -> str:
    lines = [line for line in text.splitlines() if not re.match(r"\s*(--(\s|$)|#)", line)]
    return "\n".join(lines).rstrip()


def recorded(session: Session) -> list[Record]:
    """What was applied, in order; nothing if there is no schema_version yet."""
    present = session.run(
        "SELECT COUNT(*) FROM information_schema.tables"
        " WHERE table_schema = DATABASE() AND table_name = 'schema_version';"
    )
    if present == [["0"]]:
        return []
    rows = session.run("SELECT version, name, checksum, applied_at FROM schema_version ORDER BY version;")
    return [Record(int(row[0]), row[1], row[2], row[3]) for row in rows]


def verify(files: list[SchemaFile], records: list[Record]) -> None:
    """Raise SchemaError when what is recorded is not a beginning of the files."""
    by_version = {file.version: file for file in files}
    for position, record in enumerate(records, start=1):
        file = by_version.get(record.version)
        if file is None:
            raise SchemaError(
                f"the database has version {record.version:04} ({record.name}), newer than the files here:"
                " use the files it was made with, or newer ones"
            )
        if record.version != position:
            raise SchemaError(f"version {position:04} is not recorded although {record.version:04} is")
        if file.checksum != record.checksum:
            raise SchemaError(
                f"{file.path.name} was changed after it was applied on {record.applied_at}: put it back as it was,"
                " and write the change into a new file"
            )


def lock(session: Session, database: str, purpose: str = "schema") -> None:
    """Take the lock that keeps two runs on one database apart. Raises SchemaError when it stays busy."""
    name = f"{purpose}:" + hashlib.sha256(database.encode()).hexdigest()[:32]
    if session.run(f"SELECT GET_LOCK('{name}', {LOCK_SECONDS});") != [["1"]]:
        raise SchemaError(f"another run on this database has not ended in {LOCK_SECONDS} s; try again after it")


def apply_file(session: Session, file: SchemaFile) -> None:
    """Run the file's statements, then record it. Raises SchemaError that says what to do."""
    try:
        session.run(file.text)
    except StatementError as error:
        place = f"{file.path.name}:{error.line}" if error.line else file.path.name
        raise SchemaError(
            f"{place}: {error}\n"
            "The statements above that line are in effect and not recorded (the server cannot roll CREATE and\n"
            "ALTER back). Undo them by hand, mend the cause, and run this again: it starts with the same file."
        ) from None
    column, value = (", oldest_program", f", {file.oldest_program}") if file.oldest_program else ("", "")
    session.run(
        f"INSERT INTO schema_version (version, name, checksum, applied_at{column})"
        f" VALUES ({file.version}, '{file.name}', '{file.checksum}', UTC_TIMESTAMP(3){value});"
    )


def apply(server: Server, directory: Path) -> list[SchemaFile]:
    """Apply what is missing; gives back what it applied. Raises SchemaError."""
    files = read_files(directory)
    session = Session(server)
    try:
        lock(session, server.database)
        session.run(_CREATE_RECORD)
        records = recorded(session)
        verify(files, records)
        missing = files[len(records) :]
        for file in missing:
            apply_file(session, file)
        return missing
    finally:
        session.close()


def print_status(server: Server, directory: Path) -> None:
    """Print each file and when it was applied. Raises SchemaError as apply() would."""
    files = read_files(directory)
    session = Session(server)
    try:
        records = recorded(session)
    finally:
        session.close()
    applied = {record.version: record.applied_at for record in records}
    for file in files:
        print(f"{file.version:04} {file.name:40} {applied.get(file.version, 'not applied')}")
    verify(files, records)


def _arguments() -> argparse.Namespace:
    def setting(name: str, default: str) -> str:
        return os.environ.get(f"COUPON_MYSQL_{name}") or default

    parser = argparse.ArgumentParser(
        prog="apply.py",
        description="Apply the versioned schema files to a MariaDB or MySQL database.",
        epilog="Each option is also an environment variable: --port is COUPON_MYSQL_PORT. The password comes from"
        " the file, or from COUPON_MYSQL_PASSWORD.",
    )
    parser.add_argument("--host", default=setting("HOST", "127.0.0.1"), help="default: %(default)s")
    parser.add_argument("--port", type=int, default=setting("PORT", "3306"), help="default: %(default)s")
    parser.add_argument("--user", default=setting("USER", "coupon"), help="default: %(default)s")
    parser.add_argument("--password-file", type=Path, default=setting("PASSWORD_FILE", "") or None)
    parser.add_argument("--database", default=setting("DATABASE", "coupon"), help="default: %(default)s")
    parser.add_argument("--status", action="store_true", help="print what is applied, change nothing")
    parser.add_argument("--directory", type=Path, default=Path(__file__).resolve().parent, help="of the SQL files")
    return parser.parse_args()


def main() -> int:
    """The command; gives back its exit code."""
    try:
        options = _arguments()
    except SystemExit as end:
        return 64 if end.code else 0
    try:
        password = os.environ.get("COUPON_MYSQL_PASSWORD", "")
        if options.password_file:
            password = options.password_file.read_text().removesuffix("\n")
        server = Server(options.host, options.port, options.user, password, options.database)
        if options.status:
            print_status(server, options.directory)
            return 0
        started = time.monotonic()
        applied = apply(server, options.directory)
    except (SchemaError, OSError, UnicodeDecodeError) as error:
        print(f"schema: {error}", file=sys.stderr)
        return 1
    for file in applied:
        print(f"schema: applied {file.path.name}")
    state = "up to date" if not applied else f"now at version {applied[-1].version:04}"
    print(f"schema: {server.database} is {state} ({time.monotonic() - started:.1f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
