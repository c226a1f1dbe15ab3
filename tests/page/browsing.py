"""Visits to the page in a real Chromium, which note whatever the page should not do."""

import asyncio
import os
import shutil
import time
from collections.abc import Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, BrowserContext, Page, Request, async_playwright, expect

from tests.server.http.exchanges import url_of
from tests.support import DEADLINE
from wyoming_hayakoe.server.server import Server

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "wyoming-hayakoe"

# Nothing leaves this machine, and sound begins without a click, which a test may not have made.
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--autoplay-policy=no-user-gesture-required",
    "--no-first-run",
)

# Each in one step: meanwhile the page may show something else.
ACCENTS = "[...document.querySelectorAll('#phrases .nucleus')].map((each) => +each.getAttribute('aria-valuenow'))"
READING = "[...document.querySelectorAll('#phrases [data-mora]')].map((each) => each.textContent).join('')"
IS_READ = """(text) => {
    const first = document.querySelector("#phrases .sentence-text");
    return first !== null && text.startsWith(first.textContent);
}"""

expect.set_options(timeout=1000 * DEADLINE)


def lack(reason: str) -> NoReturn:
    """Skip the test, or fail it where every test is wanted."""
    if os.environ.get("HAYAKOE_TEST_ALL"):
        pytest.fail(f"{reason}; HAYAKOE_TEST_ALL wants every test")
    pytest.skip(reason)


def chromium() -> str:
    """Return where Chromium is, or skip the test; the one without a window needs half the time of the other."""
    found = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    return found or lack("Chromium is not here: on Debian, apt install chromium-headless-shell")


def axe_script() -> str:
    """Return axe-core's source, or skip the test."""
    found = sorted(CACHE.glob("axe-core-*.js"))
    if not found:
        lack("axe-core is not here: run script/axe")
    return found[-1].read_text(encoding="utf-8")


@asynccontextmanager
async def launched():
    """Start Chromium, and end it."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        try:
            yield browser
        finally:
            await browser.close()


@dataclass
class Visit:
    """A tab with the page, and what it did."""

    page: Page
    faults: list[str] = field(default_factory=list)
    """Uncaught errors, and errors and warnings of the console, refusals of the content security policy included."""

    addresses: list[str] = field(default_factory=list)
    """Of every request."""

    spoken: list[dict[str, Any]] = field(default_factory=list)
    """What it asked the server to speak."""

    def __post_init__(self) -> None:
        self.page.set_default_timeout(1000 * DEADLINE)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", self._note_line)
        self.page.on("request", self._note_request)

    def _note_line(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.faults.append(message.text)

    def _note_request(self, request: Request) -> None:
        self.addresses.append(request.url)
        if urlsplit(request.url).path == "/api/speak":
            self.spoken.append(request.post_data_json)

    def foreign(self, home: str) -> list[str]:
        """Return the addresses that are not of the server at ``home``, nor made by the page itself."""
        return [each for each in self.addresses if not each.startswith((f"{home}/", "blob:", "data:"))]

    async def type(self, text: str) -> None:
        """Type a text and wait until its phrases are shown."""
        await self.page.locator("#text").fill(text)
        await self.shows(lambda: self.page.evaluate(IS_READ, text), "its phrases")

    async def speak(self) -> dict[str, Any]:
        """Press the button, wait for the first sound and return what the server was asked."""
        before = len(self.spoken)
        await self.page.locator("#speak").click()
        await self.shows(lambda: self.page.evaluate("hayakoe.firstSoundMs !== null"), "the first sound")
        return self.spoken[before:][-1]

    async def samples(self) -> int:
        """Return how many samples the audio graph has been given."""
        return await self.page.evaluate("hayakoe.samplesPlayed")

    async def is_silent(self) -> None:
        """Wait until nothing is played."""
        await expect(self.page.locator("#stop")).to_be_disabled()

    async def accents(self) -> list[int]:
        """Return the accent of each phrase."""
        return await self.page.evaluate(ACCENTS)

    async def reading(self) -> str:
        """Return the morae of all phrases."""
        return await self.page.evaluate(READING)

    async def shows(self, condition, what: str) -> Any:
        """Wait until an awaitable of ``condition()`` gives something, and return it."""
        end = time.monotonic() + DEADLINE
        while not (found := await condition()):
            assert time.monotonic() < end, f"not within {DEADLINE:g} s: {what}; {self.faults}"
            await asyncio.sleep(0.02)
        return found


@dataclass
class Guest:
    """Someone at a browser: tabs that share what the browser keeps."""

    context: BrowserContext
    home: str
    visits: list[Visit] = field(default_factory=list)

    async def visit(self) -> Visit:
        """Open a tab with the page, and wait until it is ready."""
        visit = Visit(await self.context.new_page())
        self.visits.append(visit)
        await visit.page.goto(self.home)
        await visit.shows(visit.accents, "the sample's phrases")
        return visit


@asynccontextmanager
async def guest(browser: Browser, server: Server, *, forgiven: Sequence[str] = (), **settings: Any):
    """Let a guest visit ``server``; afterwards, no tab may have done what is neither allowed nor ``forgiven``."""
    usual = {"locale": "en-GB", "viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce"}
    context = await browser.new_context(**(usual | settings))
    try:
        visiting = Guest(context, url_of(server))
        yield visiting
        faults = [fault for visit in visiting.visits for fault in visit.faults]
        grave = [fault for fault in faults if not any(part in fault for part in forgiven)]
        assert not grave, grave
        foreign = [address for visit in visiting.visits for address in visit.foreign(visiting.home)]
        assert not foreign, foreign
    finally:
        await context.close()
