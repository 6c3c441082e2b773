"""What KEDA and the HorizontalPodAutoscaler that it makes decide, by their published formulas. Pure: time is given.

KEDA's kafka scaler: the lag of all partitions, cut to lagThreshold × partitions with lag (limitToPartitionsWithLag). The
autoscaler: ceil(lag / lagThreshold) unless that is within a tenth of what there is; then the stabilization windows (the
least of what was recommended before more are taken, the most before fewer) and the policies' steps; then the bounds."""

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

TOLERANCE = 0.1
SYNC_SECONDS = 15.0


@dataclass(frozen=True)
class Step:
    """How far it may go in one direction. percent of the replicas of period_seconds ago."""

    window_seconds: float
    percent: int
    period_seconds: float


@dataclass(frozen=True)
class Rules:
    """What a ScaledObject says."""

    least: int
    most: int
    polling_seconds: float
    lag_threshold: int
    up: Step
    down: Step

    @staticmethod
    def of(scaled_object: Mapping[str, Any]) -> "Rules":
        """Read the object; what this does not follow is refused."""
        spec = scaled_object["spec"]
        behavior = spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
        (trigger,) = spec["triggers"]
        assert trigger["type"] == "kafka" and trigger["metadata"]["limitToPartitionsWithLag"] == "true"

        def step(name: str) -> Step:
            (policy,) = behavior[name]["policies"]
            assert policy["type"] == "Percent"
            return Step(behavior[name]["stabilizationWindowSeconds"], policy["value"], policy["periodSeconds"])

        return Rules(
            spec["minReplicaCount"], spec["maxReplicaCount"], spec["pollingInterval"],
            int(trigger["metadata"]["lagThreshold"]), step("scaleUp"), step("scaleDown"),
        )  # fmt: skip


def metric(lags: Mapping[int, int], threshold: int) -> int:
    """What KEDA tells the autoscaler of these partitions."""
    total, with_lag = sum(lags.values()), sum(lag > 0 for lag in lags.values())
    return with_lag * threshold if total // threshold > with_lag else total


@dataclass
class Autoscaler:
    """The controller's memory: recommendations and changes."""

    rules: Rules
    _recommended: deque[tuple[float, int]] = field(default_factory=deque)
    _changes: deque[tuple[float, int]] = field(default_factory=deque)

    def decide(self, now: float, replicas: int, value: int) -> int:
        """How many replicas there are to be. value: metric(). now: seconds that only go forward."""
        wanted = self._recommend(replicas, value)
        wanted = max(self.rules.least, min(self.rules.most, wanted))
        self._recommended.append((now, wanted))
        decided = self._limited(now, replicas, self._stabilized(now, replicas, wanted))
        decided = max(self.rules.least, min(self.rules.most, decided))
        if decided != replicas:
            self._changes.append((now, decided - replicas))
        return decided

    def _recommend(self, replicas: int, value: int) -> int:
        ratio = value / (self.rules.lag_threshold * replicas)
        return replicas if abs(1 - ratio) <= TOLERANCE else math.ceil(value / self.rules.lag_threshold)

    def _stabilized(self, now: float, replicas: int, wanted: int) -> int:
        longest = max(self.rules.up.window_seconds, self.rules.down.window_seconds)
        while self._recommended[0][0] < now - longest:
            self._recommended.popleft()

        def within(seconds: float) -> list[int]:
            return [count for at, count in self._recommended if at >= now - seconds]

        at_least = min([wanted, *within(self.rules.up.window_seconds)])
        at_most = max([wanted, *within(self.rules.down.window_seconds)])
        return min(at_most, max(at_least, replicas))

    def _limited(self, now: float, replicas: int, wanted: int) -> int:
        if wanted == replicas:
            return replicas
        step = self.rules.up if wanted > replicas else self.rules.down
        begun = replicas - sum(by for at, by in self._changes if at > now - step.period_seconds)
        if wanted > replicas:
            return max(replicas, min(wanted, math.ceil(begun * (1 + step.percent / 100))))
        return min(replicas, max(wanted, int(begun * (1 - step.percent / 100))))
