"""The attacks of tests/attacks/test_spark.py, on this place's site."""

from tests.attacks.test_spark import *  # noqa: F403 - pytest takes over the tests and their fixtures by their names
