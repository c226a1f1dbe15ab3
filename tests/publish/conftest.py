import pytest

from tests.publish.shared import CHECKOUT, made_once, run_peer
from tests.sources.conftest import bucket, environment, hub, s3_server  # noqa: F401 - fixtures here as well

MAKER = CHECKOUT / "script" / "make_test_repo"


@pytest.fixture(scope="session")
def repository(tmp_path_factory):
    """A small repository that was made in this run."""
    return made_once(tmp_path_factory, "small", lambda folder: run_peer(MAKER, "--size", "small", folder))


@pytest.fixture(scope="session")
def tiny_repository(tmp_path_factory):
    """A tiny one, with its checkpoint."""
    return made_once(tmp_path_factory, "tiny", lambda folder: run_peer(MAKER, "--size", "tiny", folder))
