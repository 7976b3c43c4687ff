"""A client of Slipway's REST API: `Client` for programs, and the command `slipway` for people and scripts."""

from .calls.clusters import CLUSTER_ENDS
from .calls.folders import FOLDER_ENDS
from .calls.jobs import JOB_ENDS
from .client import Client
from .errors import ApiError, UnreachableError

__all__ = ["CLUSTER_ENDS", "FOLDER_ENDS", "JOB_ENDS", "ApiError", "Client", "UnreachableError"]
