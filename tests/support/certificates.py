"""Certificates for servers on 127.0.0.1, made by openssl in a moment: good ones, expired ones, those of another CA."""

import os
import shutil
import subprocess
from pathlib import Path

_NAMES = "subjectAltName=IP:127.0.0.1"


class Certificates:
    """Files in a directory: ca.pem, other-ca.pem; server.pem and server.key, which ca.pem has signed for 127.0.0.1
    and no name; expired.pem and expired.key, over since long; client.pem and client.key; mysql.pem and mysql.key, a copy of server's. X-both.pem is key and
    certificate in one, as Kafka wants them."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self._make_ca("ca")
        self._make_ca("other-ca")
        (directory / "names").write_text(_NAMES + "\n")
        (directory / "ca.conf").write_text(
            "[ca]\ndefault_ca=own\n[own]\ndatabase=index\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\npolicy=any\n"
            "unique_subject=no\nrand_serial=yes\n[any]\ncommonName=supplied\n"
        )
        (directory / "index").touch()
        self._make("server", "20200101000000Z", "20990101000000Z")
        self._make("expired", "20200101000000Z", "20200201000000Z")
        self._make("client", "20200101000000Z", "20990101000000Z")
        for end in ("pem", "key"):  # a server that reads them again from where they were
            shutil.copy(self[f"server.{end}"], directory / f"mysql.{end}")

    def __getitem__(self, name: str) -> str:
        """The path of a file."""
        path = self._directory / name
        assert path.exists(), path
        return str(path)

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self._directory, check=True, capture_output=True, timeout=60)

    def _make_ca(self, name: str) -> None:
        self._openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "3650",
            "-subj", f"/CN=tls {name}", "-keyout", f"{name}.key", "-out", f"{name}.pem",
        )  # fmt: skip

    def _make(self, name: str, begins: str, ends: str) -> None:
        self._openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN=tls {name}",
            "-keyout", f"{name}.key", "-out", f"{name}.csr",
        )  # fmt: skip
        self._openssl(
            "ca", "-batch", "-notext", "-config", "ca.conf", "-cert", "ca.pem", "-keyfile", "ca.key", "-in", f"{name}.csr",
            "-out", f"{name}.pem", "-startdate", begins, "-enddate", ends, "-extfile", "names",
        )  # fmt: skip
        both = self._directory / f"{name}-both.pem"
        both.touch(mode=0o600)
        both.write_text(Path(self[f"{name}.key"]).read_text() + Path(self[f"{name}.pem"]).read_text())
        os.chmod(self._directory / f"{name}.key", 0o600)
