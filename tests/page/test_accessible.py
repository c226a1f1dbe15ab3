"""The page for all: axe-core's rules in both colour schemes and sizes, keys alone, and small screens."""

import json

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.page.browsing import axe_script, guest
from tests.page.serving import house

pytestmark = pytest.mark.asyncio(loop_scope="session")

VIOLATIONS = """async () => (await axe.run()).violations.map(
    ({ id, nodes }) => ({ id, nodes: nodes.map((node) => node.html + " " + node.failureSummary) }))"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def home(tmp_path_factory):
    async with house(tmp_path_factory.mktemp("data")) as built:
        yield built


async def holds(visit, state: str, *looks: tuple[int, str]) -> None:
    """Assert that axe-core finds nothing in these widths and colour schemes."""
    for width, scheme in looks:
        await visit.page.set_viewport_size({"width": width, "height": 844})
        await visit.page.emulate_media(color_scheme=scheme)
        found = await visit.page.evaluate(VIOLATIONS)
        assert found == [], f"{state}, {width} px, {scheme}: {json.dumps(found, indent=1, ensure_ascii=False)}"


async def test_axe_core_finds_no_violation(browser, home):
    axe = axe_script()
    async with guest(browser, home.server, forgiven=["status of 400"]) as visiting:
        visit = await visiting.visit()
        await visit.type("橋です。")
        await visit.page.locator("#phrases .nucleus").first.press("ArrowLeft")
        await visit.speak()
        await visit.page.locator("#copy-preset").click()
        await visit.page.evaluate(axe)
        await holds(visit, "all shown", (390, "light"), (390, "dark"), (1280, "dark"), (1280, "light"))
        await visit.page.locator("button.word").first.click()
        await visit.page.locator("#reading").fill("?")
        await expect(visit.page.locator("#word-problem")).not_to_be_empty()
        await holds(visit, "dialog", (1280, "light"), (390, "dark"))
        await visit.page.locator("#close-word").click()
        await visit.page.get_by_role("button", name="日本語").click()
        await holds(visit, "in Japanese", (390, "dark"))


async def test_keys_alone_change_and_save_a_word(browser, home):
    async with guest(browser, home.server) as visiting:
        visit = await visiting.visit()
        keys = visit.page.keyboard
        await visit.page.locator("#text").focus()
        await keys.press("Control+a")
        async with visit.page.expect_response("**/api/read") as answer:
            await keys.insert_text("東です。")
        await (await answer.value).finished()
        await visit.shows(lambda: reads(visit, "ヒガシ"), "its phrases")
        await keys.press("Control+Enter")
        await visit.shows(visit.samples, "its sound")
        await tab_to(visit, "button.word")
        await keys.press("Enter")
        await expect(visit.page.locator("#reading")).to_be_focused()
        await keys.insert_text("アズマ")
        await keys.press("Enter")
        await expect(visit.page.locator("dialog#word")).to_be_hidden()
        await visit.shows(lambda: reads(visit, "アズマ"), "it is read so")
        assert "東,アズマ" in home.words.read_text(encoding="utf-8")


async def reads(visit, kana) -> bool:
    return (await visit.reading()).startswith(kana)


async def tab_to(visit, selector: str) -> None:
    """Press Tab until what it selects has the focus, which every stop on the way shows."""
    for _ in range(40):
        await visit.page.keyboard.press("Tab")
        if await visit.page.locator(f"{selector}:focus").count():
            return
    pytest.fail(f"Tab never comes to {selector}")


async def test_nothing_sticks_out_of_a_screen(browser, home):
    async with guest(browser, home.server) as visiting:
        visit = await visiting.visit()
        await visit.type("とても長い文章でも、画面の幅からはみ出さないことを確かめています。supercalifragilistic")
        for width in (320, 360, 768, 1280):
            await visit.page.set_viewport_size({"width": width, "height": 700})
            assert await visit.page.evaluate("document.documentElement.scrollWidth") <= width
