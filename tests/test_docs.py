"""README and docs: short enough, in both languages, without dead links, and true about options."""

import re
from pathlib import Path

import pytest

from wyoming_hayakoe.cli.options.table import SERVING

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
READMES = (ROOT / "README.md", ROOT / "README.ja.md")
OTHERS = ("CHANGELOG.md", "SECURITY.md", "deploy/addon/DOCS.md")
PAGES = [*READMES, *sorted(DOCS.glob("**/*.md")), *(ROOT / name for name in OTHERS)]
OPTIONS_PAGES = (DOCS / "options.md", DOCS / "ja/options.md")
MOST_CHARACTERS = 7000
LONGEST_LINE = 150

HARD = (
    "who is spoken to",
    "nor make it grow",
    "drawn by lot",
    "mend it",
    "the first seventh",
    "unused for longest",
    "Past `--max-queue`",
    "add-on store",
)
"""Wording that readers stumbled over."""


def shown(page: Path) -> str:
    return str(page.relative_to(ROOT))


def anchor(heading: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("page", READMES, ids=shown)
def test_the_readme_is_read_in_minutes(page):
    text = page.read_text(encoding="utf-8")
    assert len(text) <= MOST_CHARACTERS
    # The address of the repository, which is not known before its first release, stands in one place.
    assert text.count("OWNER/wyoming-hayakoe") == 1


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_lines_fit_a_screen(page):
    lines = page.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if len(line) > LONGEST_LINE] == []


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_the_wording_is_plain(page):
    text = page.read_text(encoding="utf-8")
    assert [words for words in HARD if words in text] == []


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_links_lead_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    dead = []
    for target in re.findall(r"\]\((?!https?://)([^)]+)\)", text):
        path, _, name = target.partition("#")
        place = (page.parent / path).resolve() if path else page
        if not place.exists():
            dead.append(target)
        elif name:
            headings = re.findall(r"^#+ (.+)$", place.read_text(encoding="utf-8"), flags=re.MULTILINE)
            if name not in map(anchor, headings):
                dead.append(target)
    assert dead == []


def test_every_page_is_there_in_both_languages():
    english = {page.name for page in DOCS.glob("*.md")}
    assert {page.name for page in (DOCS / "ja").glob("*.md")} == english


@pytest.mark.parametrize("page", OPTIONS_PAGES, ids=shown)
def test_the_page_of_options_has_every_option(page):
    flags = {f"--{option.variable.removeprefix('HAYAKOE_').lower().replace('_', '-')}" for option in SERVING}
    cells = re.findall(r"^\| (`--[^|]+)", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    named = {flag for cell in cells for flag in re.findall(r"--[\w-]+", cell)}
    assert named >= flags
    assert named <= flags | {"--config", "--version", "--help"}
