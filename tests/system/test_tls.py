"""Goal: with TLS asked for, programs work with servers whose certificate is good, and with no others: they say what is
wrong with it, and nothing readable leaves them, whatever happens."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.condition import wait_until
from deploy.local.database import user_of
from deploy.local.programs import overridden
from tests.support.crowd import Buyer, tally
from tests.support.tls_world import TlsWorld
from tests.system.test_command_line import run

_PATIENCE = 30.0
_CONFIGURATION, _UNAVAILABLE = 78, 69
# Another way to write 127.0.0.1, for which no certificate here is.
_OTHER_NAME = "127.1"
_COMPLETE = {"COUPON_AUTH": "off", "COUPON_REQUEST_ID_KEY": "0" * 32, "COUPON_ADMIN_TOKEN": "t", "COUPON_MYSQL_PASSWORD": "p"}


@pytest.fixture(scope="module")
def tls(build: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsWorld]:
    """A world for this file alone."""
    world = TlsWorld(tmp_path_factory.mktemp("tls"), build)
    try:
        world.up()
        yield world
    finally:
        world.down()


def expiry(tls: TlsWorld, build: Path, *flags: str) -> "subprocess.CompletedProcess[str]":
    """A run of expiry-batch."""
    own = ["--mysql-user", user_of("expiry"), "--mysql-password-file", str(tls.world.secrets.mysql_password_of("expiry"))]
    return subprocess.run(
        [build / "bin" / "expiry-batch", *own, *flags], capture_output=True, text=True, timeout=_PATIENCE, check=False
    )


def gateway_says(tls: TlsWorld, words: list[str], *flags: str) -> str:
    """Start a gateway with these flags; its log once every word is in it, or when patience is over."""
    program = tls.world.make_gateway(5)
    program.flags = overridden(program.flags, flags)
    program.process.log_file.unlink(missing_ok=True)
    program.start()
    try:
        wait_until(lambda: all(word in program.process.log_file.read_text() for word in words), _PATIENCE)
        return program.process.log_file.read_text()
    finally:
        program.stop()


def test_a_sale_without_a_readable_word(tls: TlsWorld, build: Path) -> None:
    coupon = tls.system.new_coupon(3)
    buyers = [Buyer(coupon, user) for user in range(1, 6)]
    with tls.system.ledger("tls") as ledger:
        tls.system.crowd(ledger).at_once(buyers)
        assert tally(buyers) == {"ISSUED": 3, "SOLD_OUT": 2}
        tls.system.wait_drained()
        assert tls.system.violations(account=ledger.account()) == []
    assert expiry(tls, build, *tls.mysql_flags()).returncode == 0
    for wire in (tls.kafka, tls.mysql, tls.redis):
        assert len(wire.sent) > 500, f"{wire.proxy.name} was used"
        assert wire.clear_words() == []


def test_the_eavesdropper_would_have_read_it(tls: TlsWorld, build: Path) -> None:
    """The same run without TLS, as the owner, who may: so the test above can fail. MySQL's own library encrypts unasked
    where the server can."""
    tls.mysql.sent.clear()
    owner = ["--mysql-user", "coupon", "--mysql-password-file", str(tls.world.secrets.mysql_password)]
    plain = [build / "bin" / "expiry-batch", *owner, "--mysql-port", str(tls.mysql.port)]
    with tls.mysql.stripping():
        assert subprocess.run(plain, capture_output=True, timeout=_PATIENCE, check=False).returncode == 0
    assert {b"coupon", b"SELECT"} <= set(tls.mysql.clear_words())
    tls.mysql.sent.clear()


def test_a_user_who_must_encrypt_can_not_do_without(tls: TlsWorld, build: Path) -> None:
    with tls.mysql.stripping():
        done = expiry(tls, build, "--mysql-port", str(tls.mysql.port))
    print(done.stderr)
    assert done.returncode == _UNAVAILABLE and "denied for user 'coupon_expiry'" in done.stderr
    tls.mysql.sent.clear()


# What is wrong → what is said of it: OpenSSL's words, or MySQL's own library's, which has one for all.
_OTHERS = "certificate verify failed"
_WRONG = {
    "another CA": ("unable to get local issuer certificate", "self-signed certificate in certificate chain", _OTHERS),
    "another name": ("hostname mismatch", _OTHERS),
    "expired": ("certificate has expired", _OTHERS),
}


@pytest.mark.parametrize("wrong", _WRONG)
def test_a_certificate_that_is_not_good(tls: TlsWorld, build: Path, wrong: str) -> None:
    how = {"another CA": {"ca": "other-ca.pem"}, "another name": {"host": _OTHER_NAME}, "expired": {}}[wrong]
    servers = ["Kafka", *(["Redis"] if tls.native_redis else [])]
    expired = wrong == "expired"
    shown = tls.world.mariadb.is_mariadb()  # MySQL takes up no certificate that has expired
    if expired and shown:
        tls.show_to_mysql("expired")
    try:
        done = expiry(tls, build, *tls.mysql_flags(**how))
    finally:
        tls.show_to_mysql("server")
    if expired:
        tls.show_to_redis("expired")
    try:
        port = tls.expired_kafka if expired else None
        flags = [*tls.kafka_flags(port=port, **how), *tls.redis_flags(**how)]
        log = gateway_says(tls, [f'"message":"{server} ' for server in servers], *flags)
    finally:
        tls.show_to_redis("server")
    print(done.stderr, log)
    if shown or not expired:
        assert done.returncode == _UNAVAILABLE and any(words in done.stderr for words in _WRONG[wrong])
    refused = [line for line in log.splitlines() if "certificate_refused" in line]
    for server in servers:
        said = [line for line in refused if f'"{server} ' in line and any(words in line for words in _WRONG[wrong][:-1])]
        assert said, f"{server} was refused for that reason"
    for wire in (tls.kafka, tls.mysql, tls.redis):
        assert wire.clear_words() == []


def test_who_is_in_between_can_not_talk_it_out_of_tls(tls: TlsWorld, build: Path) -> None:
    before = tls.mysql.stripped
    with tls.mysql.stripping():
        done = expiry(tls, build, *tls.mysql_flags())
    print(done.stderr)
    assert tls.mysql.stripped > before
    assert done.returncode == _UNAVAILABLE and re.search("server does( not|n't) support it", done.stderr)
    assert tls.mysql.clear_words() == []


@pytest.mark.parametrize(
    "arguments, word",
    [
        (["--mysql-tls-ca", "FILE"], "--mysql-tls is off"),
        (["--mysql-tls=on", "--mysql-tls-cert", "FILE"], "--mysql-tls-key"),
        (["--mysql-tls=on", "--mysql-tls-ca", "/nowhere/at/all"], "--mysql-tls-ca /nowhere/at/all: No such file"),
        (["--mysql-tls=on", "--mysql-tls-ca", "/etc/hostname"], "--mysql-tls-ca /etc/hostname: "),
        (["--redis-tls-ca", "FILE"], "--redis-tls is off"),
    ],
)
def test_what_would_not_encrypt_is_refused(build: Path, arguments: list[str], word: str) -> None:
    for program in ("api-gateway", "issue-worker"):
        done = run(build, program, *arguments, **_COMPLETE)
        print(f"{program} {arguments}: {done.returncode} {done.stderr}")
        assert done.returncode == _CONFIGURATION and word in done.stderr


def test_a_build_without_tls_for_redis_says_so(tls: TlsWorld, build: Path) -> None:
    done = run(build, "issue-worker", "--redis-tls=on", "--redis-tls-ca", "/nowhere/at/all", **_COMPLETE)
    print(done.stderr)
    assert done.returncode == _CONFIGURATION
    assert ("/nowhere/at/all" if tls.native_redis else "stunnel") in done.stderr


def test_certificates_for_kafka_without_encryption_are_refused(tls: TlsWorld, build: Path) -> None:
    log = gateway_says(
        tls, ["nothing would be encrypted"], "--kafka-property", f"ssl.ca.location={tls.certificates['ca.pem']}",
    )  # fmt: skip
    assert "security.protocol is plaintext" in log
