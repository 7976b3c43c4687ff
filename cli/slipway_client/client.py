"""A client of the portal's REST API, version 1."""

from __future__ import annotations

from .calls.access import Access
from .calls.admin import Admin
from .calls.billing import Billing
from .calls.classes import Classes
from .calls.clusters import Clusters
from .calls.courses import Courses
from .calls.folders import Folders
from .calls.jobs import Jobs
from .calls.profiles import Profiles


class Client(Access, Courses, Profiles, Classes, Clusters, Folders, Jobs, Billing, Admin):
    """One person's way to a portal. Every call raises ApiError where it is refused."""
