import pytest

from tests.server.http.exchanges import Saying
from wyoming_hayakoe.server.http import app


@pytest.fixture
def saying(monkeypatch):
    """Servers that are started now speak at /say, whatever their other routes are."""
    monkeypatch.setattr(app, "_ROUTERS", (*app._ROUTERS, Saying()))
