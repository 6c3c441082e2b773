"""Goal: machines can ask how the programs are: /livez, /readyz, /metrics on the management listeners."""

import re
import subprocess

import pytest

from tests.support.free_ports import free_ports
from tests.support.ledger import Ledger
from tests.support.rest import call
from tests.support.sales import one_user_sale
from tests.support.system import System

_SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\.)*",?)*\})? (\S+)\Z')


def bases(system: System) -> list[str]:
    """Management addresses of all programs."""
    programs = [*system.world.gateways, *system.world.workers]
    return [f"http://127.0.0.1:{program.management_port}" for program in programs]


def parse(text: str) -> dict[str, float]:
    """Read the Prometheus text format strictly: series → value."""
    samples: dict[str, float] = {}
    types: dict[str, str] = {}
    assert text.endswith("\n")
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in types, f"{name} is typed twice"
            assert kind in ("counter", "gauge", "histogram")
            types[name] = kind
            continue
        if line.startswith("#"):
            assert line.startswith("# HELP ")
            continue
        match = _SAMPLE.match(line)
        assert match, f"not a sample: {line}"
        name = re.sub(r"_(bucket|sum|count)$", "", match[1])
        assert match[1] in types or types.get(name) == "histogram", f"{match[1]} has no TYPE"
        series = match[1] + (match[2] or "")
        assert series not in samples, f"{series} twice"
        samples[series] = float(match[3])
    return samples


def test_live_and_ready(system: System) -> None:
    for base in bases(system):
        for path in ("/livez", "/readyz", "/readyz?verbose"):
            answer = call("GET", base + path)
            print(f"{base}{path}: {answer.status} {answer.text!r}")
            assert answer.status == 200
        assert len(call("GET", f"{base}/readyz?verbose").text) > len(call("GET", f"{base}/readyz").text)
        assert call("GET", f"{base}/nothing").status == 404
        assert call("POST", f"{base}/livez", b"").status == 405


def test_a_program_asks_itself(system: System) -> None:
    for program in (system.world.gateways[0], system.world.workers[0]):
        listen = f"127.0.0.1:{program.management_port}"

        def probe(*arguments: str) -> subprocess.CompletedProcess[str]:
            environment = {"COUPON_MANAGEMENT_LISTEN": listen, "COUPON_MYSQL_HOST": "not its business"}
            return subprocess.run([program.binary, "probe", *arguments], env=environment, capture_output=True, text=True)

        for arguments in ((), ("ready",), ("live", "--timeout", "5000")):
            done = probe(*arguments)
            print(program.name, arguments, done)
            assert (done.returncode, done.stderr) == (0, "") and done.stdout
        nobody = probe("--management-listen", f"127.0.0.1:{free_ports().gateway}")
        assert nobody.returncode == 1 and "refused" in nobody.stderr
        assert probe("perhaps").returncode == 64
        program.process.pause()
        try:
            frozen = probe("--timeout", "100")
        finally:
            program.process.resume()
        assert frozen.returncode == 1 and "no answer in time" in frozen.stderr


def test_metrics_can_be_parsed_and_count(system: System, ledger: Ledger) -> None:
    before = [parse(call("GET", f"{base}/metrics").text) for base in bases(system)]
    one_user_sale(system, ledger, 10, 1).assert_good()
    after = [parse(call("GET", f"{base}/metrics").text) for base in bases(system)]
    grown = {
        series
        for old, new in zip(before, after)
        for series, value in new.items()
        if value > old.get(series, 0) and not series.startswith("process_")
    }
    print("\n".join(sorted(grown)))
    assert any(series.startswith("http_server_request_duration_seconds_count") for series in grown)
    assert any('outcome="ISSUED"' in series for series in grown)
    for samples in after:
        assert not any(re.search(r'(user|coupon|request)_?id="', series, re.IGNORECASE) for series in samples)


@pytest.mark.parametrize("server", ["mariadb", "redis"])
def test_livez_asks_nobody(system: System, server: str) -> None:
    getattr(system.world, server).process.pause()
    try:
        answers = [call("GET", f"{base}/livez", timeout=2).status for base in bases(system)]
    finally:
        getattr(system.world, server).process.resume()
    assert set(answers) == {200}
