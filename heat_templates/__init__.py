"""ClusterSpec -> HOT. Pure: no Django, no network; the same spec gives the same text."""

from heat_templates.facts import made_anew_with
from heat_templates.names import domain, server_name, stack_name
from heat_templates.render import SECRET_PARAMETERS, Figures, Rendering, most_workers, render
from heat_templates.spec import ClusterSpec, SpecError

__all__ = [
    "SECRET_PARAMETERS",
    "ClusterSpec",
    "Figures",
    "Rendering",
    "SpecError",
    "domain",
    "made_anew_with",
    "most_workers",
    "render",
    "server_name",
    "stack_name",
]
