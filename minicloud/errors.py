"""The one error of minicloud."""


class MinicloudError(Exception):
    """Something that a person can put right; its text says what, why, and what to do next."""
