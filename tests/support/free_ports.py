"""Ports for a world beside others: a block that nobody listens on."""

import os
import random

from deploy.local import port
from deploy.local.errors import LocalError
from deploy.local.ports import Ports

_FIRST, _LAST, _BLOCK = 20000, 32000, 100


def free_ports() -> Ports:
    """Ports of a world with up to eight gateways and workers, below those that the kernel hands out."""
    choice = random.Random(os.getpid())
    for _ in range(50):
        base = choice.randrange(_FIRST, _LAST, _BLOCK)
        if all(port.is_free(base + number) for number in range(_BLOCK)):
            return Ports(base, base + 1, base + 6, base + 7, *range(base + 10, base + 16),
                         prometheus=base + 8, alertmanager=base + 9, node_exporter=base + 16)
    raise LocalError("no block of 100 free ports on 127.0.0.1")
