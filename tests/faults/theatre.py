"""Plays rows: load, fault, heal, drain, checkers; and changes the stage where the next row needs another one."""

import fcntl
import shutil
import time
import traceback
from collections.abc import Callable, Sequence

from deploy.local.condition import wait_until
from deploy.local.errors import LocalError
from tests.faults import outcome as verdicts
from tests.faults.load_run import LoadRun
from tests.faults.outcome import Outcome, percentile, told_during
from tests.faults.registry import LoadPlan, Row
from tests.faults.stage import Build, Stage, print_progress
from tests.faults.trial import Trial, Unmet
from tests.support.check.counts import count
from tests.support.crowd import Buyer
from tests.support.ledger import Account, read_account
from tests.support.rest import call
from tests.support.sanitizer import reports, sizes

SECONDS_TO_RECOVER = 100.0
_SECONDS_TO_WARM_UP = 60.0
_ACCEPTED_BEFORE_THE_FAULT = 30
_ASKED_AFTERWARDS = 20
_WRONG_ENOUGH = 3  # each takes its time


class Theatre:
    """Used with `with`; one stage is up at a time, and none afterwards."""

    def __init__(self, build: Build, seed: int, short: bool, progress: Callable[[str], None] = print_progress) -> None:
        self.build, self.seed, self.short = build, seed, short
        self._progress = progress
        self.stage: Stage | None = None

    def __enter__(self) -> "Theatre":
        path = self.build.folder / "faults-world.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = path.open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            raise LocalError(f"another run of faults is at work in {path.parent}: wait for its end") from None
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.close()
        finally:
            self._lock.close()

    def close(self) -> list[str]:
        """End the stage that is up; what is wrong with how its programs ended."""
        stage, self.stage = self.stage, None
        return stage.down() if stage else []

    def play(self, row: Row) -> Outcome:
        """Play the row. Whatever goes wrong is in the outcome; only interrupts are raised."""
        if self.short and row.long_only:
            return Outcome(row.number, row.name, f"{verdicts.LONG_ONLY}: {row.long_only}")
        return self._outcome_of([row], row.slug, Outcome(row.number, row.name, verdicts.FAILED))

    def play_in_turn(self, rows: Sequence[Row], name: str) -> Outcome:
        """Play rows of one stage, one after the other under the load of the first, healed in between; recovery and the
        checkers come once, at the end. Cheaper than each by itself, and what the checkers find may be any row's."""
        if any(row.stage is not rows[0].stage for row in rows):
            raise ValueError(f"rows of several stages: {', '.join(row.slug for row in rows)}")
        return self._outcome_of(rows, name, Outcome(rows[0].number, name, verdicts.FAILED))

    def _outcome_of(self, rows: Sequence[Row], name: str, result: Outcome) -> Outcome:
        began = time.monotonic()
        try:
            self._play(rows, name, result)
        except Exception as error:
            result.problems.append(_in_words(error))
            self._abandon(result, name)
        if not result.problems:
            result.verdict = verdicts.PASSED
        result.seconds = time.monotonic() - began
        return result

    def stage_of(self, kind: type[Stage]) -> Stage:
        """The stage of that class, up; another one is ended for it. Raises LocalError."""
        if type(self.stage) is not kind:
            wrong = self.close()
            if wrong:
                raise LocalError(f"the world before did not end well: {'; '.join(wrong)}")
            self._progress(f"  a world for the next rows: {kind.__name__}")
            self.stage = kind(self.build)
            self.stage.up()
        assert self.stage
        return self.stage

    def _play(self, rows: Sequence[Row], name: str, result: Outcome) -> None:
        stage, plan = self.stage_of(rows[0].stage), rows[0].load
        system = stage.system
        stage.heal()
        before, known, since = system.processes(), sizes(), system.ends()
        with system.ledger(name) as ledger:
            coupons = [system.new_coupon(stock) for stock in plan.stocks] if plan else []
            trial = Trial(rows[0], stage, self.seed, self.short, since, ledger, coupons)
            try:
                if plan:
                    trial.load = self._begin_load(trial, plan)
                for turn, row in enumerate(rows):
                    if turn > 0:
                        stage.heal()
                        trial.cast(row)
                    unmet = len(trial.unmet)
                    _break(trial)
                    if len(rows) > 1:
                        trial.unmet[unmet:] = [f"{row.slug}: {words}" for words in trial.unmet[unmet:]]
                result.recovery = self._recover(trial)
            except BaseException:
                result.problems += trial.unmet
                if trial.load:
                    trial.load.kill()
                raise
            left = trial.load.finish(SECONDS_TO_RECOVER + 20) if trial.load else None
            result.problems += [*trial.unmet, *([left] if left else [])]
            system.wait_drained()
            account = _together(ledger.account(), read_account(trial.load.ledger) if trial.load else Account())
            self._judge(trial, account, result)
        after = system.processes()
        ended = {name for name, pid in before.items() if after[name] != pid} - trial.may_end
        if ended:
            result.problems.append(f"ended by themselves: {', '.join(sorted(ended))}; logs in {stage.data_dir / 'logs'}")
        result.problems += [f"sanitizer: {report}" for report in reports(known)]

    @staticmethod
    def _begin_load(trial: Trial, plan: LoadPlan) -> LoadRun:
        """The load, warmed up."""
        load = LoadRun(
            trial.system.ledgers / f"{trial.row.slug}-load.jsonl", trial.system.gateways, trial.coupons,
            trial.random.randrange(1 << 30), plan.rate, plan.keyed, plan.polled, plan.patience,
        )  # fmt: skip
        try:
            load.wait_for("accepted", _ACCEPTED_BEFORE_THE_FAULT, _SECONDS_TO_WARM_UP)
        except BaseException:
            load.kill()
            raise
        return load

    def _recover(self, trial: Trial) -> float:
        """Heal, and wait until everything that is there is decided and every gateway serves a new client to its
        end; how long that took. The load goes on meanwhile."""
        began = time.monotonic()
        trial.stage.heal()
        system, deadline = trial.system, began + SECONDS_TO_RECOVER
        system.wait_drained(SECONDS_TO_RECOVER)
        coupon = system.new_coupon(1_000_000)
        buyers = [Buyer(coupon, user, key=f"after-{user}", gateway=user) for user in range(1, 1 + len(system.gateways))]
        system.crowd(trial.ledger, seconds=max(1.0, deadline - time.monotonic())).at_once(buyers)
        ends = [buyer.end for buyer in buyers]
        trial.expect(set(ends) == {"ISSUED"}, f"new clients get their coupon after healing, seen {ends}")
        return time.monotonic() - began

    def _judge(self, trial: Trial, account: Account, result: Outcome) -> None:
        """The checkers, and what the clients saw."""
        system = trial.system
        result.requests = len(account.attempts)
        result.problems += system.violations(trial.since, account)
        result.problems += _unanswered(account) + _asked_again(trial, account)
        result.counts = count(account, system.requests.read(trial.since), system.database.tables())
        result.statuses, waits = told_during(account, trial.faults)
        result.p50, result.p99 = percentile(waits, 0.5), percentile(waits, 0.99)
        result.notes += trial.notes

    def _abandon(self, result: Outcome, name: str) -> None:
        """A world in which a row broke down is no good for the next one, and its logs are moved out of that one's way."""
        stage, self.stage = self.stage, None
        if stage is None:
            return
        try:
            stage.down()
        except LocalError as error:
            result.problems.append(str(error))
        logs = self.build.folder / "faults" / "logs" / name
        shutil.rmtree(logs, ignore_errors=True)
        if (stage.data_dir / "logs").exists():
            shutil.move(stage.data_dir / "logs", logs)
            result.notes.append(f"logs of its world: {logs}")


def _break(trial: Trial) -> None:
    """The row's function."""
    began, already = time.time(), len(trial.faults)
    try:
        trial.row.play(trial)
    except (Unmet, AssertionError) as error:
        trial.unmet.append(str(error))
    except OSError as error:
        trial.unmet.append(_in_words(error))
    if len(trial.faults) == already:
        trial.faults.append((began, time.time()))


def _together(first: Account, second: Account) -> Account:
    """Two ledgers as one."""
    attempts = {**first.attempts, **{number + len(first.attempts): a for number, a in second.attempts.items()}}
    results = {name: [*first.results.get(name, []), *second.results.get(name, [])]
               for name in {**first.results, **second.results}}  # fmt: skip
    return Account(attempts, results, [*first.polls, *second.polls], [*first.open_ends, *second.open_ends])


def _unanswered(account: Account) -> list[str]:
    return [f"poll: {name} was answered 202 and no poll showed its end" for name in account.open_ends[:10]]


def _asked_again(trial: Trial, account: Account) -> list[str]:
    """Some that were answered 202, whether or not they were polled then: every gateway must show an end."""
    names = sorted(account.accepted())
    wrong = []
    for name in trial.random.sample(names, min(len(names), _ASKED_AFTERWARDS)):
        url = f"{trial.random.choice(trial.system.gateways)}/api/v1/coupons/result/{name}"
        ended = wait_until(lambda: _ended(url), 10)
        if not ended:
            wrong.append(f"poll: {name} was answered 202, and {url} shows no end when all is drained")
        if len(wrong) == _WRONG_ENOUGH:
            break
    return wrong


def _ended(url: str) -> bool:
    answer = call("GET", url)
    return answer.status == 200 and answer.json["status"] != "PENDING"


def _in_words(error: Exception) -> str:
    where = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({where.filename.rpartition('/')[2]}:{where.lineno})"
