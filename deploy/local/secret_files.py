"""The secret files that the programs are given, made once and kept across restarts."""

import os
import secrets
from pathlib import Path

from deploy.local import paths
from deploy.local.mariadb import PASSWORD
from deploy.schema.grants import read_grants

ADMIN_TOKEN = "coupon-admin"
GRANTS = read_grants(paths.SCHEMA / "grants.ini")


class SecretFiles:
    """Files under <data_dir>/secrets, readable by their owner only."""

    def __init__(self, data_dir: Path) -> None:
        self._directory = data_dir / "secrets"
        self.admin_token = self._directory / "admin-token"
        self.request_id_key = self._directory / "request-id-key"
        self.mysql_password = self._directory / "mysql-password"

    def make(self) -> None:
        """Make those that are missing; the request id key is 16 random bytes in hex."""
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._make(self.admin_token, ADMIN_TOKEN)
        self._make(self.request_id_key, secrets.token_hex(16))
        self._make(self.mysql_password, PASSWORD)
        for program in GRANTS:
            self._make(self.mysql_password_of(program), secrets.token_urlsafe(24))

    def mysql_password_of(self, program: str) -> Path:
        """The password of a program's database user; program: a section of deploy/schema/grants.ini."""
        return self._directory / f"mysql-password-{program}"

    @staticmethod
    def _make(path: Path, content: str) -> None:
        if path.exists():
            return
        fresh = path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(content + "\n")
        fresh.replace(path)
