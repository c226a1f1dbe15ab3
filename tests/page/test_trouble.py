"""What the page does when something is wrong: it says so, and goes on."""

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.page.browsing import guest
from tests.page.serving import house
from tests.support import ARTICLE, eventually
from wyoming_hayakoe.server.settings import TEXT_LIMIT

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def home(tmp_path_factory):
    async with house(tmp_path_factory.mktemp("data")) as built:
        yield built


async def test_a_text_of_the_longest_length_is_shown_in_part_and_spoken(browser, home):
    text = ("今日は晴れです。" * (TEXT_LIMIT // 8 + 1))[:TEXT_LIMIT]
    async with guest(browser, home.server) as visiting:
        visit = await visiting.visit()
        problem = visit.page.locator("#error")
        await visit.page.locator("#text").fill(f"{text}。")
        await visit.page.locator("#speak").click()
        await expect(problem).to_contain_text("50,000")
        assert not visit.spoken
        await visit.type(text)
        await expect(visit.page.locator("#rest")).to_contain_text("2,000")
        assert await visit.page.locator("#phrases li.phrase").count() < 1000
        home.hold()
        spoken = await visit.speak()
        assert "".join(sentence["text"] for sentence in spoken["sentences"]) == text
        await visit.page.locator("#stop").click()
        home.go_on()
        await expect(problem).to_be_hidden()


async def test_a_voice_that_vanishes_is_named_and_another_speaks(browser, home):
    async with guest(browser, home.server, forgiven=["status of 404"]) as visiting:
        visit = await visiting.visit()
        await visit.page.locator("#voice").select_option("beep")
        await visit.type("はい。")
        home.offer("mei")
        try:
            assert (await visit.speak())["voice"] == "mei"
            await expect(visit.page.locator("#error")).to_contain_text("beep")
            await expect(visit.page.locator("#voice option")).to_have_count(1)
        finally:
            home.offer("mei", "beep")


async def test_a_server_that_stops_amid_a_sentence_is_missed_and_welcomed_back(browser, home):
    away = ["ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE"]
    async with guest(browser, home.server, forgiven=away) as visiting:
        visit = await visiting.visit()
        await visit.type(ARTICLE)
        home.hold()
        await visit.speak()
        await eventually(home.mei.waiting.is_set, "it is being spoken")
        await home.server.stop()
        home.go_on()
        problem = visit.page.locator("#error")
        await expect(problem).to_be_visible()
        await visit.is_silent()
        await visit.page.locator("#text").fill("まだですか。")
        await visit.page.locator("#speak").click()
        await expect(problem).to_contain_text("does not answer")
        await home.start_again()
        await expect(visit.page.locator("#status")).to_have_text("The server is back")
        await expect(problem).to_be_hidden()
        await visit.shows(lambda: reads(visit, "マダ"), "what was typed meanwhile is read")
        assert (await visit.speak())["sentences"] == [{"text": "まだですか。"}]


async def reads(visit, kana) -> bool:
    return kana in await visit.reading()


async def test_two_tabs_speak_at_once_and_keep_their_own_text(browser, home):
    async with guest(browser, home.server) as visiting:
        one, other = await visiting.visit(), await visiting.visit()
        await one.type("一つ目です。")
        await other.type("二つ目です。")
        await one.page.locator("#speak").click()
        await other.page.locator("#speak").click()
        for visit in (one, other):
            await visit.shows(visit.samples, "its sound")
            await expect(visit.page.locator("#error")).to_be_hidden()
            await expect(visit.page.locator("#history li")).to_have_count(2)
        await one.page.reload()
        await expect(one.page.locator("#text")).to_have_value("一つ目です。")
        await expect(other.page.locator("#text")).to_have_value("二つ目です。")


async def test_markup_in_a_text_is_only_text(browser, home):
    async with guest(browser, home.server) as visiting:
        visit = await visiting.visit()
        await visit.type("<img src=x onerror=alert(1)>です。<script>alert(1)</script>")
        await visit.speak()
        await expect(visit.page.locator("#history li")).to_contain_text("<script>")
        assert await visit.page.locator("main img, main script").count() == 0
