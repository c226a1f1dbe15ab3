import pytest

from tests.publish.shared import CHECKOUT, run_peer


@pytest.fixture(scope="session")
def repository(tmp_path_factory):
    """Return a small repository that was made just now."""
    folder = tmp_path_factory.mktemp("small")
    run_peer(CHECKOUT / "script" / "make_test_repo", "--size", "small", folder)
    return folder
