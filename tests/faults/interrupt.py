"""Being interrupted, once: what ends the world that is up must not be interrupted itself by a second signal."""

import signal

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def raise_once() -> None:
    """The first SIGINT or SIGTERM raises KeyboardInterrupt; later ones are ignored, while everything is being ended. A
    terminal sends SIGINT to a program and its children, and the program SIGTERM to its children too."""
    for number in _SIGNALS:
        signal.signal(number, _interrupted)


def _interrupted(number: int, _: object) -> None:
    for other in _SIGNALS:
        signal.signal(other, signal.SIG_IGN)
    raise KeyboardInterrupt(signal.Signals(number).name)
