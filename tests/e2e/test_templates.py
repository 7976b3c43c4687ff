"""The golden templates, judged by Heat's own engine."""

from __future__ import annotations

from pathlib import Path

import pytest
from heatclient import exc

from launcher.testing import Embedded
from tests.e2e.remains import heat

GOLDEN = sorted((Path(__file__).parents[1] / "unit" / "heat_templates" / "golden").glob("*.yaml"))
PARAMETERS = {
    "flavor": "small",
    "image": "slipway-spark",
    "network": "campus",
    "cluster_secret": "s",
    "node_credentials": "{}",
}


@pytest.mark.parametrize("template", GOLDEN, ids=lambda path: path.stem)
def test_heat_takes_it(template: Path, house: Embedded) -> None:
    answer = heat(house, "demo").stacks.validate(template=template.read_text(), parameters=PARAMETERS)
    assert answer["Parameters"]["cluster_secret"]["NoEcho"] == "true"
    assert answer["Parameters"]["node_credentials"]["NoEcho"] == "true"


def test_heat_would_refuse_a_wrong_one(house: Embedded) -> None:
    wrong = GOLDEN[0].read_text().replace("user_data_update_policy: IGNORE", "user_data_update_policy: FORGET")
    with pytest.raises(exc.HTTPBadRequest, match="FORGET"):
        heat(house, "demo").stacks.preview(stack_name="x", template=wrong, parameters=PARAMETERS)
