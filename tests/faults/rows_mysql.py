"""MySQL killed, refusing, slow, frozen, replaced. Requests go on being accepted, polls say PENDING, nothing is
dead-lettered, and everything is decided afterwards."""

from tests.faults.registry import row
from tests.faults.trial import Trial


def expect_accepting(trial: Trial, accepted: int) -> None:
    """While MySQL is away: so many more are answered 202, and a poll for one of them says PENDING."""
    trial.flow().wait_for("accepted", accepted)
    answer = trial.ask(trial.coupons[0], 1)
    trial.expect(answer.status == 202, f"202 while MySQL is away, seen {answer.status} {answer.text}")
    if answer.status == 202:
        poll = trial.poll(answer.json["requestId"], gateway=1)
        seen = (poll.status, poll.json.get("status"))
        trial.expect(seen == (200, "PENDING"), f"a poll says PENDING while MySQL is away, seen {seen}")


@row(13, "MySQL killed and restarted")
def mysql_killed(trial: Trial) -> None:
    letters = trial.dead_letters()
    for _ in range(1 if trial.short else 5):
        with trial.fault():
            trial.kill(trial.world.mariadb)
            expect_accepting(trial, 40)
            trial.restart(trial.world.mariadb)
        trial.flow().wait_for("result", 20)
    trial.expect(trial.dead_letters() == letters, "nothing dead-lettered because MySQL was away")
