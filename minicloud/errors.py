"""The errors of minicloud."""


class MinicloudError(Exception):
    """Something that a person can put right; its text says what, why, and what to do next."""


class DamagedError(MinicloudError):
    """A record that somebody else has written to."""


class BusyError(MinicloudError):
    """Somebody else keeps what is needed; it may be asked for again."""


class AwayError(MinicloudError):
    """Whoever runs the servers cannot be asked now."""
