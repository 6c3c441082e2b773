"""Why a version can't be tried here."""


class Unavailable(Exception):
    """It can't be had on this machine; the text says why."""
