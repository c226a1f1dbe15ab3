import pytest_asyncio

from tests.page.browsing import launched


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser():
    """Chromium, started once."""
    async with launched() as browser:
        yield browser
