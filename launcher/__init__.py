"""The one command behind `./slipway`: environments, the embedded services, doctor, tests.

Standard library only: it runs on the bare interpreter that the bootstrap found, so that `doctor` and `status` answer
before anything is installed.
"""
