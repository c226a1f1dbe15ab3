"""The page as its visitors use it, in a real browser on a real server."""

import wave

import pytest
import pytest_asyncio
import yaml
from playwright.async_api import expect

from tests.page.browsing import guest
from tests.page.serving import house
from tests.support import ARTICLE, eventually
from wyoming_hayakoe.cli.options.presets import preset
from wyoming_hayakoe.cli.options.resolve import read_config
from wyoming_hayakoe.utterance import SynthesisParams

SPEAK_MANY = """async () => {
    for (let number = 0; number < 20; number++) {
        const text = `${number}番です。`;
        document.getElementById("text").value = text;
        document.getElementById("speak").click();
        while (!document.querySelector("#history li").textContent.includes(text)) {
            await new Promise((resolve) => setTimeout(resolve, 10));
        }
    }
}"""

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def home(tmp_path_factory):
    async with house(tmp_path_factory.mktemp("data")) as built:
        yield built


@pytest_asyncio.fixture(loop_scope="session")
async def visitor(browser, home):
    async with guest(browser, home.server) as visiting:
        yield visiting


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def one_tab(browser, home):
    async with guest(browser, home.server) as visiting:
        yield await visiting.visit()


@pytest_asyncio.fixture(loop_scope="session")
async def visit(one_tab):
    """A tab that tests use one after another, as one visitor would: its sliders are where they belong."""
    await one_tab.page.evaluate("document.getElementById('reset').click()")
    await one_tab.page.locator("#voice").select_option("mei")
    return one_tab


async def test_a_text_is_heard_before_it_is_computed_and_stops_at_a_press(visit, home):
    await visit.type(ARTICLE)
    home.hold()
    try:
        await visit.speak()
        assert await visit.samples() > 0
        await eventually(home.mei.waiting.is_set, "the rest is being computed")
        assert not home.mei.gate.is_set()
        await visit.page.locator("#stop").click()
        await eventually(lambda: home.server._context.http_answers == 0, "the answer is given up")
    finally:
        home.go_on()
    await visit.is_silent()
    await expect(visit.page.locator("#status")).to_have_text("Stopped")


async def test_an_accent_is_moved_by_keys_and_by_dragging_and_is_spoken_so(visit):
    await visit.type("橋を渡る。")
    before = await visit.accents()
    assert before[0] == 2
    nucleus = visit.page.locator("#phrases .nucleus").first
    await nucleus.press("ArrowLeft")
    await expect(nucleus).to_have_attribute("aria-valuenow", "1")
    await expect(nucleus).to_be_focused()
    spoken = await visit.speak()
    assert [phrase["accent"] for phrase in spoken["sentences"][0]["phrases"]] == [1, *before[1:]]

    box = await nucleus.bounding_box()
    target = await visit.page.locator("#phrases [data-mora='2']").first.bounding_box()
    mouse = visit.page.mouse
    await mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    await mouse.down()
    await mouse.move(target["x"] + target["width"] / 2, box["y"], steps=4)
    await mouse.up()
    await expect(nucleus).to_have_attribute("aria-valuenow", "3")
    await visit.page.locator("#undo").click()
    await expect(nucleus).to_have_attribute("aria-valuenow", "1")
    await visit.page.locator("#reread").click()
    await expect(nucleus).to_have_attribute("aria-valuenow", "2")
    assert "phrases" not in (await visit.speak())["sentences"][0]


async def test_a_phrase_is_divided_and_joined_again(visit):
    await visit.type("天気予報です。")
    phrases, reading = visit.page.locator("li.phrase"), await visit.reading()
    count = await phrases.count()
    await visit.page.locator(".split").nth(2).click()
    await expect(phrases).to_have_count(count + 1)
    assert len((await visit.speak())["sentences"][0]["phrases"]) == count + 1
    assert await visit.reading() == reading
    await visit.page.locator(".join").first.click()
    await expect(phrases).to_have_count(count)


async def test_a_word_is_saved_for_good_and_another_tab_sees_it(visitor, home):
    other = await visitor.visit()
    await other.type("東さんが来た。")
    assert (await other.reading()).startswith("ヒガシ")
    visit = await visitor.visit()
    await visit.type("東さんです。")
    await visit.page.locator("button.word").first.click()
    dialog = visit.page.locator("dialog#word")
    await expect(dialog).to_be_visible()
    await visit.page.locator("#reading").fill("あずま")
    await visit.page.locator("#hear-word").click()
    await visit.shows(visit.samples, "the word is heard")
    await visit.page.locator("#save-word").click()
    await expect(dialog).to_be_hidden()
    assert "東,アズマ" in home.words.read_text(encoding="utf-8")
    await visit.shows(lambda: begins_with(other, "アズマ"), "the other tab reads it so")

    await visit.page.reload()
    await visit.shows(lambda: begins_with(visit, "アズマ"), "it is read so after a reload")
    assert await visit.page.locator("#text").input_value() == "東さんです。"
    saved = visit.page.locator("#words [data-surface='東']")
    await expect(saved).to_contain_text("アズマ")
    await saved.locator(".delete-word").click()
    await expect(saved).to_have_count(0)
    await visit.shows(lambda: begins_with(visit, "ヒガシ"), "it is read as before")
    assert "東" not in home.words.read_text(encoding="utf-8")


async def begins_with(visit, kana) -> bool:
    return (await visit.reading()).startswith(kana)


async def test_what_was_spoken_is_kept_and_comes_back_with_its_accents(visitor):
    visit = await visitor.visit()
    text, rows = visit.page.locator("#text"), visit.page.locator("#history li")
    await visit.page.evaluate(SPEAK_MANY)
    await visit.type("橋です。")
    await visit.page.locator("#phrases .nucleus").first.press("ArrowLeft")
    await visit.page.locator("#speed").fill("1.5")
    assert (await visit.speak())["params"]["speed"] == 1.5
    await visit.page.locator("#reset").click()
    await visit.type("別の文です。")
    await visit.page.reload()
    await expect(rows).to_have_count(20)
    await rows.first.locator("button").click()
    await expect(text).to_have_value("橋です。")
    await expect(visit.page.locator("#speed")).to_have_value("1.5")
    await visit.shows(lambda: begins_with(visit, "ハシ"), "its phrases")
    assert (await visit.accents())[0] == 1


async def test_the_sound_is_saved_as_a_wav_of_its_length(visit, tmp_path):
    await visit.type("はい、そうです。")
    await visit.page.locator("#speed").fill("1.25")
    async with visit.page.expect_download() as saving:
        await visit.page.locator("#download").click()
    saved = await saving.value
    assert saved.suggested_filename == "mei.wav"
    await saved.save_as(tmp_path / "saved.wav")
    await visit.is_silent()
    before = await visit.samples()
    await visit.speak()
    await visit.is_silent()
    with wave.open(str(tmp_path / "saved.wav")) as sound:
        assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 2, 48_000)
        assert sound.getnframes() == await visit.samples() - before
        assert len(sound.readframes(sound.getnframes())) == 2 * sound.getnframes()


async def test_the_way_of_speaking_is_copied_as_a_preset_of_the_configuration(visit, tmp_path):
    await visit.page.locator("#voice").select_option("beep")
    await visit.page.locator("#style").select_option("Happy")
    for slider, value in {
        "speed": "1.25",
        "pitch": "1.1",
        "intonation": "0.5",
        "volume": "0.8",
        "pause": "0.4",
    }.items():
        await visit.page.locator(f"#{slider}").fill(str(value))
    await visit.page.locator("#copy-preset").click()
    await expect(visit.page.locator("#copied-text")).not_to_be_empty()
    copied = await visit.page.locator("#copied-text").inner_text()
    (tmp_path / "hayakoe.toml").write_text(copied, encoding="utf-8")
    (table,) = read_config(str(tmp_path / "hayakoe.toml")).presets
    made = preset(table, SynthesisParams(), "the page")
    assert made.voice == "beep"
    wanted = SynthesisParams(
        style="Happy", speed=0.8, pitch_scale=1.1, intonation_scale=0.5, volume=0.8, sentence_silence=0.4
    )
    assert made.params == wanted


@pytest.mark.parametrize("text", ["洗濯が終わりました。", "\"引用\": \\ # {{ x }}\n二行目\x85\u2028🍣 'y'"])
async def test_the_text_is_copied_as_an_action_of_home_assistant(visit, text):
    await visit.page.locator("#text").fill(text)
    await visit.page.locator("#copy-ha").click()
    await expect(visit.page.locator("#copied-text")).not_to_be_empty()
    action = yaml.safe_load(await visit.page.locator("#copied-text").text_content())
    assert action["action"] == "tts.speak"
    assert action["data"]["message"] == text
    assert action["data"]["options"] == {"voice": "mei", "speaker": await visit.page.locator("#style").input_value()}
    assert action["target"]["entity_id"].startswith("tts.")


async def test_it_speaks_the_language_of_the_browser_until_another_is_chosen(browser, home):
    async with guest(browser, home.server, locale="ja-JP") as visiting:
        visit = await visiting.visit()
        speak, root = visit.page.locator("#speak"), visit.page.locator("html")
        await expect(root).to_have_attribute("lang", "ja")
        await expect(speak).to_have_text("話す")
        await visit.page.get_by_role("button", name="English").click()
        await expect(speak).to_have_text("Speak")
        await visit.page.reload()
        await expect(root).to_have_attribute("lang", "en")


async def test_the_table_tells_of_every_voice(visit):
    await expect(visit.page.get_by_role("row")).to_have_count(3)
    await expect(visit.page.locator("[data-voice='mei']")).to_contain_text("CC BY 3.0")
    await expect(visit.page.locator("[data-voice='beep']")).to_contain_text("MIT")
