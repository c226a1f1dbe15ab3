from tests.publish.conftest import repository, tiny_repository  # noqa: F401 - fixtures here as well
