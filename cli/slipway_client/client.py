"""A client of the portal's REST API, version 1."""

from __future__ import annotations

from .calls.access import Access
from .calls.admin import Admin
from .calls.billing import Billing
from .calls.clusters import Clusters
from .calls.courses import Courses
from .calls.folders import Folders
from .calls.jobs import Jobs


class Client(Access, Courses, Clusters, Folders, Jobs, Billing, Admin):
    """One person's way to a portal. Every call raises ApiError where it is refused."""
