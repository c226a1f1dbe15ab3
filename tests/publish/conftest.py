import pytest

from tests.publish.shared import CHECKOUT, run_peer
from tests.sources.conftest import bucket, environment, hub, s3_server  # noqa: F401 - fixtures here as well


@pytest.fixture(scope="session")
def repository(tmp_path_factory):
    """Return a small repository that was made just now."""
    folder = tmp_path_factory.mktemp("small")
    run_peer(CHECKOUT / "script" / "make_test_repo", "--size", "small", folder)
    return folder
