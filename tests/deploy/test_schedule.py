"""Goal: the files that start expiry-batch from cron and from systemd are ones that these take, with settings that exist."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.paths import BIN, REPOSITORY
from tests.deploy.option_table import settings, variables
from tests.deploy.tools import debian_tool, run

SCHEDULE = REPOSITORY / "deploy" / "schedule"
_PROGRAM = "/usr/local/bin/expiry-batch"
_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))  # of cron's five fields
_VARIABLE = re.compile(r"COUPON_\w+(?==)")


def values(kind: str, key: str) -> list[str]:
    """Of that key in the unit file, in their order."""
    return re.findall(rf"^{key}=(.*)$", (SCHEDULE / f"coupon-expiry.{kind}").read_text(), re.MULTILINE)


def cron_lines() -> Iterator[str]:
    """Those that are not comments."""
    for line in (SCHEDULE / "coupon-expiry.cron").read_text().splitlines():
        if line and not line.startswith("#"):
            yield line


def check_field(field: str, low: int, high: int) -> None:
    """As crontab(5) says: lists of numbers, ranges or *, each with a step."""
    for part in field.split(","):
        match = re.fullmatch(r"(\*|(\d+)(?:-(\d+))?)(?:/(\d+))?", part)
        assert match, f"{part} is no cron field"
        numbers = [int(number) for number in match.group(2, 3) if number]
        assert all(low <= number <= high for number in numbers) and match[4] != "0", f"{part} is outside {low}-{high}"


def check_command(command: str) -> None:
    """Flags of the program that exist, with values that it takes: it comes as far as to the database."""
    words = shlex.split(re.sub(r">>.*", "", command))
    assert words[0] == _PROGRAM
    known = {setting.flag for setting in settings("expiry-batch")}
    assert {word for word in words if word.startswith("--")} <= known
    environment = {"COUPON_MYSQL_PORT": "1", "COUPON_MYSQL_PASSWORD": "none"}
    done = subprocess.run([BIN / "expiry-batch", *words[1:]], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 69, done.stderr


def test_crontab() -> None:
    (schedule,) = (line for line in cron_lines() if not re.match(r"\w+=", line))
    *fields, user, command = schedule.split(maxsplit=6)
    for field, (low, high) in zip(fields, _BOUNDS, strict=True):
        check_field(field, low, high)
    assert user == "coupon"
    assert "%" not in command, "cron makes a line's end of it"
    check_command(command)
    assert set(_VARIABLE.findall("\n".join(cron_lines()))) <= variables("expiry-batch").keys()


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    """With the program where the unit looks for it."""
    binary = tmp_path / "expiry-batch"
    binary.symlink_to(BIN / "expiry-batch")
    for kind in ("service", "timer"):
        text = (SCHEDULE / f"coupon-expiry.{kind}").read_text()
        assert kind == "timer" or _PROGRAM in text
        (tmp_path / f"coupon-expiry.{kind}").write_text(text.replace(_PROGRAM, str(binary)))
    said = run(["/bin/sh", "-c", f"{debian_tool('systemd-analyze')} verify --man=no {tmp_path}/coupon-expiry.* 2>&1"])
    assert str(tmp_path) not in said and "coupon-expiry" not in said, said


def test_a_wrong_unit_is_not_taken(tmp_path: Path) -> None:
    """The test above can fail."""
    text = (SCHEDULE / "coupon-expiry.timer").read_text().replace("OnCalendar", "OnCalender")
    (tmp_path / "coupon-expiry.timer").write_text(text)
    (tmp_path / "coupon-expiry.service").write_text("[Service]\nType=oneshot\nExecStart=/bin/true\n")
    with pytest.raises(AssertionError, match="Unknown key 'OnCalender'"):
        run([debian_tool("systemd-analyze"), "verify", "--man=no", tmp_path / "coupon-expiry.timer"])


def test_the_timer_elapses_every_five_minutes() -> None:
    (calendar,) = values("timer", "OnCalendar")
    said = run([debian_tool("systemd-analyze"), "calendar", "--base-time=2026-03-01 12:01:00 UTC", "--iterations=3", calendar],
               {"TZ": "UTC", "PATH": "/usr/bin"})  # fmt: skip
    assert re.findall(r"12:\d\d:\d\d", said.replace("12:01:00", "")) == ["12:05:00", "12:10:00", "12:15:00"], said


def test_the_service_runs_what_exists() -> None:
    (command,) = values("service", "ExecStart")
    check_command(command)
    assert set(_VARIABLE.findall(" ".join(values("service", "Environment")))) <= variables("expiry-batch").keys()
    budget = re.search(r"--time-budget (\d+)", command)
    (timeout,) = values("service", "TimeoutStartSec")
    assert budget and int(budget[1]) < int(timeout) <= 300


@pytest.mark.parametrize("field", ["*/0", "61", "a", "1-99", ""])
def test_wrong_cron_fields_are_seen(field: str) -> None:
    with pytest.raises(AssertionError):
        check_field(field, 0, 59)
