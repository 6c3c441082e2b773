"""Goal: the simulation follows the rules that it says it follows."""

import pytest

from tests.deploy.manifests import one, overlay
from tests.scaling.autoscaler import Autoscaler, Rules, Step, metric

RULES = Rules(1, 12, 5, 1000, Step(0, 300, 15), Step(300, 50, 60))


@pytest.mark.parametrize(("lags", "value"), [
    ({}, 0), ({0: 0, 1: 0}, 0),
    ({0: 500, 1: 700}, 1200),
    ({0: 9000, 1: 0, 2: 0}, 1000),  # one partition: one worker
    ({0: 1900, 1: 0}, 1900),  # KEDA cuts whole workers only
    ({0: 9000, 1: 1}, 2000),
])  # fmt: skip
def test_keda_counts_partitions_with_lag(lags: dict[int, int], value: int) -> None:
    assert metric(lags, 1000) == value


def test_up_at_once_and_by_steps() -> None:
    scaler = Autoscaler(RULES)
    assert scaler.decide(0, 1, 500) == 1
    assert scaler.decide(15, 1, 30000) == 4  # 300 % more
    assert scaler.decide(16, 4, 30000) == 4  # within the same 15 s
    assert scaler.decide(31, 4, 30000) == 12


def test_a_tenth_more_is_nothing() -> None:
    assert Autoscaler(RULES).decide(0, 4, 4390) == 4
    assert Autoscaler(RULES).decide(0, 4, 4410) == 5


def test_down_after_the_window_and_by_steps() -> None:
    scaler = Autoscaler(RULES)
    seen = []
    replicas = 12
    for now in range(0, 600, 15):
        replicas = scaler.decide(now, replicas, 12000 if now < 30 else 0)
        seen.append(replicas)
    assert seen[: 315 // 15] == [12] * 21  # the last high recommendation was at 15 s
    assert seen[330 // 15 :][0] == 6 and seen[-1] == 1
    assert seen == sorted(seen, reverse=True)


def test_lag_that_comes_back_keeps_them() -> None:
    scaler = Autoscaler(RULES)
    replicas = 6
    for now in range(0, 900, 15):
        replicas = scaler.decide(now, replicas, 6000 if now % 120 < 30 else 0)
        assert replicas == 6


def test_the_manifests_can_be_followed() -> None:
    for name in ("dev", "production", "production-several-consumers"):
        rules = Rules.of(one(overlay(name), "ScaledObject", "issue-worker"))
        assert rules.least >= 1 and rules.up.window_seconds == 0 and rules.down.window_seconds >= 60
