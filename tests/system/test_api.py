"""Goal: the gateway serves its description, on both listeners, as it is in the tree."""

import yaml

from tests.api.document import FOLDER
from tests.support.rest import call
from tests.support.system import System


def test_it_is_served_as_it_is_in_the_tree(system: System) -> None:
    for base, name in ((system.gateways[0], "public"), (system.management[0], "admin")):
        answer = call("GET", f"{base}/openapi.yaml")
        assert answer.text == (FOLDER / f"{name}.yaml").read_text()
        assert answer.headers["content-type"] == "application/yaml"
        assert answer.headers["cache-control"] == "public, max-age=300"
        assert yaml.safe_load(answer.text)["openapi"].startswith("3.1")
        assert call("GET", f"{base}/openapi.yaml", headers={"If-None-Match": '"other"'}).status == 200
        assert call("HEAD", f"{base}/openapi.yaml").text == ""
