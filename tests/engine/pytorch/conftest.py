from tests.publish.conftest import repository  # noqa: F401 - a fixture here as well
