"""A client of Slipway's REST API: `Client` for programs, and the command `slipway` for people and scripts."""

from .client import CLUSTER_ENDS, FOLDER_ENDS, JOB_ENDS, Client
from .errors import ApiError, UnreachableError

__all__ = ["CLUSTER_ENDS", "FOLDER_ENDS", "JOB_ENDS", "ApiError", "Client", "UnreachableError"]
