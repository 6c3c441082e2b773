"""The gateway killed, ended in order, and left by its clients."""

from tests.faults.registry import row
from tests.faults.trial import Trial


@row(4, "gateway killed with produces in flight")
def gateway_killed(trial: Trial) -> None:
    usual = trial.world.gateways[0]
    # Records rest in this gateway for a while, so that some are not in Kafka yet whenever it is killed.
    victim = trial.world.make_gateway(0, ["--kafka-property", "linger.ms=250"])
    with trial.instead([usual], victim):
        for _ in range(2 if trial.short else 10):
            trial.restart(victim)
            trial.flow().wait_for("accepted", 40)
            with trial.fault():
                trial.kill(victim)
                trial.flow().wait_for("accepted", 20)
