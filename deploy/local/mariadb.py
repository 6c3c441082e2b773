"""A MariaDB or MySQL server, whichever is installed, durable at every commit."""

import getpass
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path

from deploy.local import port
from deploy.local.errors import LocalError
from deploy.local.process import Process

DATABASE = USER = PASSWORD = "coupon"
SERVER_FOLDER = "COUPON_DATABASE_BIN"  # names a folder with the programs of another server than the installed one
_SECONDS_TO_START = 180
_SOCKET_PATH_LIMIT = 107
_RIGHTS = "SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES, CREATE TEMPORARY TABLES, LOCK TABLES"


def _find(*names: str) -> str:
    path = os.environ.get(SERVER_FOLDER) or os.environ.get("PATH", os.defpath) + ":/usr/sbin:/usr/local/sbin:/usr/libexec"
    for name in names:
        found = shutil.which(name, path=path)
        if found:
            return found
    raise LocalError(f"no {' or '.join(names)}: run make setup")


class MariaDb:
    """Clients use 127.0.0.1:<port>, database, user and password coupon. Data is under
    <data_dir>/<name>/data and survives a kill -9. client.cnf beside it serves the mariadb and mysql
    command line: mariadb --defaults-file=<data_dir>/<name>/client.cnf"""

    def __init__(
        self, data_dir: Path, port: int, buffer_pool: str = "512M", name: str = "mariadb", server_id: int = 1,
        settings: Mapping[str, object] | None = None,
    ) -> None:  # fmt: skip
        self.name = name
        self.port = port
        self.buffer_pool = buffer_pool
        self.server_id = server_id
        self.settings = dict(settings or {})  # further lines of my.cnf
        self.directory = data_dir / name
        self.client_config = self.directory / "client.cnf"
        self.process = Process(data_dir, name)

    def start(self) -> None:
        """Start it unless it runs; makes its data directory the first time. Does not wait."""
        if self.process.alive():
            return
        port.require_free(self.port, self.name)
        self.directory.mkdir(parents=True, exist_ok=True)
        self._write_configuration()
        self._initialise_once()
        self.process.start([_find("mariadbd", "mysqld"), f"--defaults-file={self._config}", *_user_option()])

    def wait_ready(self, seconds: float = _SECONDS_TO_START) -> None:
        """Wait until the user coupon can log in over TCP."""
        self.process.wait_ready(self.ready, seconds)

    def ready(self) -> bool:
        """True if the user coupon can log in over TCP."""
        try:
            self.query("SELECT 1")
        except LocalError:
            return False
        return True

    def stop(self) -> None:
        """End it in order; its data stays."""
        self.process.stop(60)

    def query(self, sql: str) -> list[list[str]]:
        """Run SQL as the user coupon; rows of texts (NULL is 'NULL'). Raises LocalError with the
        server's message."""
        return _run([f"--defaults-file={self.client_config}", "--connect-timeout=2", DATABASE], sql)

    def root_query(self, sql: str) -> list[list[str]]:
        """The same as the administrator, through the server's socket."""
        return self._as_root(sql)

    def is_mariadb(self) -> bool:
        """False: it is MySQL. Raises LocalError."""
        return "MariaDB" in self.root_query("SELECT VERSION()")[0][0]

    def kill_clients(self, keep: Collection[int] = ()) -> int:
        """End the connections of the user coupon and of the programs' users, but not those with an id in keep; how
        many there were. Raises LocalError."""
        listed = self.root_query(f"SELECT id FROM information_schema.processlist WHERE user LIKE '{USER}%'")
        numbers = [int(row[0]) for row in listed if int(row[0]) not in keep]
        # One that has just ended by itself is an error, and no reason to stop.
        self._as_root("".join(f"KILL CONNECTION {number};\n" for number in numbers), "--force")
        return len(numbers)

    @property
    def administrator(self) -> str:
        """Who may log in through the socket without a password, and do everything."""
        return _administrator()

    @property
    def socket(self) -> Path:
        """The server's socket: in its directory, or, where that path is too long, in a short one of
        its own under the system's directory for temporary files."""
        path = self.directory / "mariadb.sock"
        if len(os.fsencode(path)) <= _SOCKET_PATH_LIMIT:
            return path
        digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"coupon-{os.getuid()}-{digest}" / "mariadb.sock"

    @property
    def _config(self) -> Path:
        return self.directory / "my.cnf"

    @property
    def _data(self) -> Path:
        return self.directory / "data"

    @property
    def _exchange(self) -> Path:
        """Where the server may read and write files by SQL; the folder that MySQL is built with may not be there."""
        return self.directory / "files"

    @property
    def _temporary(self) -> Path:
        """Its own, as temporary tables in /tmp are named by the pid, which a server in another pid namespace may have too."""
        return self.directory / "tmp"

    def _as_root(self, sql: str, *options: str) -> list[list[str]]:
        # Since 11.4 MariaDB's client looks at certificates even here, where nobody is in between; MySQL's never knew how.
        connection = [f"--socket={self.socket}", f"--user={_administrator()}", "--loose-skip-ssl-verify-server-cert"]
        return _run(["--no-defaults", *connection, *options], sql)

    def _initialise_once(self) -> None:
        if self._data.exists():
            return
        fresh = self.directory / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        try:
            install = [
                _find("mariadb-install-db"), "--no-defaults", f"--datadir={fresh}", "--skip-test-db",
                "--skip-name-resolve", "--auth-root-authentication-method=socket",
                f"--auth-root-socket-user={getpass.getuser()}",
            ]  # fmt: skip
        except LocalError:
            install = [_find("mysqld"), "--no-defaults", "--initialize-insecure", f"--datadir={fresh}"]
        self._temporary.mkdir(mode=0o700, exist_ok=True)
        environment = {**os.environ, "TMPDIR": str(self._temporary)}
        done = subprocess.run([*install, *_user_option()], env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise LocalError(f"{install[0]} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        fresh.rename(self._data)

    def _write_configuration(self) -> None:
        self.socket.parent.mkdir(mode=0o700, exist_ok=True)
        self._exchange.mkdir(mode=0o700, exist_ok=True)
        self._temporary.mkdir(mode=0o700, exist_ok=True)
        self._write_private(
            self.client_config,
            f"[client]\nprotocol=tcp\nhost=127.0.0.1\nport={self.port}\nuser={USER}\npassword={PASSWORD}\n",
        )
        accounts = [f"'{USER}'@'{host}'" for host in ("127.0.0.1", "localhost")]
        # Each server makes these for itself: a replica has them before it begins to follow.
        statements = ["SET sql_log_bin = 0", f"CREATE DATABASE IF NOT EXISTS {DATABASE} CHARACTER SET utf8mb4"]
        for account in accounts:
            statements.append(f"CREATE USER IF NOT EXISTS {account} IDENTIFIED BY '{PASSWORD}'")
            statements.append(f"GRANT {_RIGHTS} ON {DATABASE}.* TO {account}")
        init_file = self.directory / "init.sql"
        self._write_private(init_file, "".join(f"{statement};\n" for statement in statements))
        self._config.write_text(
            f"""[mysqld]
datadir={self._data}
socket={self.socket}
pid-file={self.directory / "mariadb.pid"}
init-file={init_file}
bind-address=127.0.0.1
port={self.port}
secure-file-priv={self._exchange}
tmpdir={self._temporary}
skip-name-resolve
loose-mysqlx=OFF
character-set-server=utf8mb4
default-time-zone=+00:00
max_allowed_packet=64M
max_connections=300
server-id={self.server_id}
log-bin={self._data / "binlog"}
loose-binlog_format=ROW
loose-log_slave_updates=ON
sync_binlog=1
max_binlog_size=256M
loose-binlog_expire_logs_seconds=7200
innodb_flush_log_at_trx_commit=1
innodb_buffer_pool_size={self.buffer_pool}
loose-innodb_log_file_size=256M
loose-innodb_redo_log_capacity=512M
performance_schema=OFF
"""
            + "".join(f"{name}={value}\n" for name, value in self.settings.items())
        )

    @staticmethod
    def _write_private(path: Path, text: str) -> None:
        path.touch(mode=0o600)
        path.write_text(text)


def _user_option() -> list[str]:
    return ["--user=root"] if os.getuid() == 0 else []


def _administrator() -> str:
    try:
        _find("mariadbd")
    except LocalError:
        return "root"
    return getpass.getuser()


@cache
def _commands_option(client: str) -> list[str]:
    """MySQL's client of 9.7 does not know DELIMITER unless it is told to."""
    told = subprocess.run([client, "--help"], capture_output=True, text=True, check=False).stdout
    return ["--commands"] if " --commands " in told else []


def _run(options: list[str], sql: str) -> list[list[str]]:
    client = _find("mariadb", "mysql")
    done = subprocess.run(
        [client, *options, "--batch", "--skip-column-names", *_commands_option(client)],
        input=sql, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise LocalError(done.stderr.strip())
    return [line.split("\t") for line in done.stdout.splitlines()]
