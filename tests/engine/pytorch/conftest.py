from tests.publish.conftest import tiny_repository  # noqa: F401 - a fixture here as well
