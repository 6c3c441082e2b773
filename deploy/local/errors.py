"""What the local system cannot do, said in words that a user can act on."""


class LocalError(Exception):
    """Something the user has to know or mend; its text is the whole message."""
