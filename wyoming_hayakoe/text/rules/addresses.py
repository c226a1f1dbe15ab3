"""Rules for text that is spelled out: phone numbers, postal codes, host names, mail addresses, versions, file names.

Digits are read one by one, as in dictation in Japan: two morae each (ニー, ゴー), の for a hyphen. A run that starts
with 0 stays in digits, because Open JTalk spells it itself, with a better accent.
"""

from __future__ import annotations

import re

from wyoming_hayakoe.text.rule import TextRule, rule

DIGIT_NAMES = ("ゼロ", "イチ", "ニー", "サン", "ヨン", "ゴー", "ロク", "ナナ", "ハチ", "キュー")
_ERAS = {"R": "令和", "H": "平成", "S": "昭和"}
_SEPARATORS = {"-": "ハイフン", "_": "アンダーバー", "+": "プラス", ".": "ドット"}
# Top-level domains that alone identify a host name; others are left out, since "3.5.io" or "etc.to" may be none.
_TOP_LEVEL = "com|net|org|jp|io|dev|app|ai|co|tv|info|me|edu|gov|uk|de|local|lan|home|internal|arpa"
_EXTENSION = (
    "ya?ml|json|txt|py|js|ts|html?|css|csv|tsv|xml|pdf|docx?|xlsx?|pptx?|jpe?g|png|gif|svg|webp|heic|mp3|mp4|wav|flac|ogg"
    "|mov|avi|md|zip|tar|gz|exe|dll|apk|log|conf|cfg|ini|toml|sh|bat|sql|db|onnx|iso|img"
)
# One label of a host name; the bounds here and below prevent quadratic time on long random text.
_HOST = r"[A-Za-z0-9-]{1,63}"
_PATH = r"[/?#][A-Za-z0-9_.~:/?#\[\]@!$&'()*+,;=%-]*[A-Za-z0-9_~/=%-]"
_SHORT_PATH = re.compile("/([A-Za-z]{1,8})/?")
_SHORT_ADDRESS = 20
_CALENDAR_DAY = re.compile(r"(?:19|20)[0-9]{2}\.(?:1[0-2]|0?[1-9])\.(?:3[01]|[12][0-9]|0?[1-9])")
_ROOM_NUMBER = re.compile("[1-9]0[0-9]")
_NOT_LATIN = r"(?![A-Za-z0-9_-])"


def spell(digits: str) -> str:
    """Return digits spelled one by one: `"150"` → `"イチゴーゼロ"`; a run with a leading zero stays for Open JTalk."""
    if len(digits) > 1 and digits[0] == "0":
        return digits
    return "".join(DIGIT_NAMES[int(digit)] for digit in digits)


def spell_groups(text: str) -> str:
    """Return groups of digits joined by の: `"090-1234-5678"` → `"090の1234の5678"`."""
    groups = re.findall(r"[0-9]+", text)
    # After a leading zero Open JTalk spells each group joined by の, but reads 302 as a room number: サンマルニー.
    if groups[0][0] == "0" and not any(_ROOM_NUMBER.fullmatch(group) for group in groups):
        return "の".join(groups)
    return "の".join(spell(group) for group in groups)


def _phone(match: re.Match[str]) -> str:
    return spell_groups(match[0])


def _international(match: re.Match[str]) -> str:
    return "プラス" + "の".join(spell(group) for group in re.findall(r"[0-9]+", match[0]))


def _spell_postal(area: str, town: str) -> str:
    # After 番号 Open JTalk reads the last zero of 060 as マル, so the area is always spelled out.
    return f"{''.join(DIGIT_NAMES[int(digit)] for digit in area)}の{spell(town)}"


def _postal(match: re.Match[str]) -> str:
    mark = "郵便番号" if match["mark"] else ""
    return f"{mark}{_spell_postal(match['area'], match['town'])}"


def _dots(host: str) -> str:
    return host.removeprefix("www.").replace(".", "ドット")


def _url(match: re.Match[str]) -> str:
    """Return the host, and of a short address a path of one word: nobody remembers more by ear."""
    host, path = match["host"], match["path"] or ""
    short = _SHORT_PATH.fullmatch(path) if len(host) + len(path) <= _SHORT_ADDRESS else None
    return _dots(host) + (f"スラッシュ{short[1]}" if short else "")


def _mail(match: re.Match[str]) -> str:
    local = re.sub(r"[-_+.]", lambda sign: _SEPARATORS[sign[0]], match["local"])
    return f"{local}アット{_dots(match['host'])}"


def _domain(match: re.Match[str]) -> str:
    return _dots(match["host"]) + (f"コロン{spell(match['port'])}" if match["port"] else "")


def _ip(match: re.Match[str]) -> str:
    """Return octets as numbers joined by テン in kana (with 点, Open JTalk reads some as イッテン for イチテン)."""
    if any(int(octet) > 255 for octet in match["ip"].split(".")):
        return _version(match)
    tail = ""
    if match["mask"]:
        tail = f"スラッシュ{match['mask']}"
    elif match["port"]:
        tail = f"、ポート{match['port']}"
    return match["ip"].replace(".", "テン") + tail


def _mac(match: re.Match[str]) -> str:
    """Return a MAC address byte by byte: digits by name, letters as capitals, which are spelled later."""
    names = (DIGIT_NAMES[int(char)] if char.isdigit() else char for char in match[0].upper().replace(":", "、"))
    return "".join(names)


def _version(match: re.Match[str]) -> str:
    """Return numbers joined by テン; a calendar day stays, for the rules of `dates`."""
    return match[0] if _CALENDAR_DAY.fullmatch(match[0]) else match[0].replace(".", "テン")


def _named_version(match: re.Match[str]) -> str:
    return f"バージョン{match['number'].replace('.', 'テン')}"


def _product_version(match: re.Match[str]) -> str:
    return match["name"] + match["number"].replace(".", "テン")


RULES: tuple[TextRule, ...] = (
    rule(
        "URL",
        rf"(?i)(?<![A-Za-z0-9])(?:https?|ftp|wss?|mqtts?|rtsp)://(?:[^\s/@]*@)?(?P<host>{_HOST}(?:\.{_HOST}){{0,8}})(?::[0-9]+)?"
        rf"(?P<path>{_PATH}|(?P<slash>[/?#]))?",
        _url,
        "https://www.example.com/path?x=1 → exampleドットcom",
        "http://homeassistant.local:8123/です → homeassistantドットlocalです",
        "URLは https://example.jp です → URLは exampleドットjp です",
        "https://example.jp/help を見て → exampleドットjpスラッシュhelp を見て",
        "https://example.jp/help/ → exampleドットjpスラッシュhelp",
        "https://example.jp/articles/2026 → exampleドットjp",
    ),
    rule(
        "URL without a scheme",
        rf"(?<![A-Za-z0-9@./-])(?P<host>{_HOST}(?:\.{_HOST}){{0,8}}\.(?:{_TOP_LEVEL}))(?::[0-9]{{2,5}})?(?P<path>(?=[/?#]){_PATH})",
        _url,
        "example.com/path/to?x=1を見て → exampleドットcomを見て",
        "github.com/home → githubドットcomスラッシュhome",
        "a/b → a、b",
    ),
    rule(
        "mail",
        rf"(?<![A-Za-z0-9._+-])(?P<local>[A-Za-z0-9][A-Za-z0-9._+-]{{0,63}})@(?P<host>{_HOST}(?:\.{_HOST}){{0,8}})",
        _mail,
        "taro.yamada@example.com → taroドットyamadaアットexampleドットcom",
        "user@home → userアットhome",
    ),
    rule(
        "IP address",
        r"(?<![0-9.])(?P<ip>[0-9]{1,3}(?:\.[0-9]{1,3}){3})(?:/(?P<mask>[0-9]{1,2})|:(?P<port>[0-9]{1,5}))?(?![0-9.]*[0-9])",
        _ip,
        "192.168.1.1 → 192テン168テン1テン1",
        "10.0.0.0/24 → 10テン0テン0テン0スラッシュ24",
        "192.168.1.10:8123です → 192テン168テン1テン10、ポート8123です",
    ),
    rule(
        "MAC address",
        r"(?<![0-9A-Za-z:])(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}(?![0-9A-Za-z:])",
        _mac,
        "00:1A:2B:3C:4D:5E → ゼロゼロ、イチA、ニーB、サンC、ヨンD、ゴーE",
    ),
    rule(
        "date, era",
        r"(?<![A-Za-z0-9.])(?P<era>[RHS])(?P<year>[0-9]{1,2})[./](?P<month>1[0-2]|0?[1-9])[./](?P<day>3[01]|[12][0-9]|0?[1-9])(?![0-9.])",
        lambda m: f"{_ERAS[m['era']]}{m['year']}年{int(m['month'])}月{int(m['day'])}日",
        "R8.11.20 → 令和8年11月20日",
    ),
    rule(
        "version",
        r"(?<![A-Za-z0-9])(?:v\.?\s?|V(?=[0-9]+\.[0-9])|[Vv]er\.?\s?|(?i:version)\s?|バージョン\s?)"
        r"(?P<number>[0-9]+(?:\.[0-9]+)*)(?![0-9])",
        _named_version,
        "v2.1.3 → バージョン2テン1テン3",
        "Ver.2.0 → バージョン2テン0",
        "バージョン2026.11です → バージョン2026テン11です",
        "v3 → バージョン3",
        "V6 → V6",
        "5V → 5ボルト",
        "TV3 → TV3",
    ),
    rule(
        "version, product",
        r"(?<![A-Za-z])(?P<name>(?:Python|Ubuntu|Debian|Android|macOS|iOS|iPadOS|Windows|Linux|Node|Go|Core"
        r"|Home Assistant|HAOS|ESPHome)\s?)"
        r"(?P<number>[0-9]+(?:\.[0-9]+)+)(?![0-9])",
        _product_version,
        "Python 3.11 → Python 3テン11",
        "iOS18.1 → iOS18テン1",
    ),
    rule(
        "version, bare",
        r"(?<![0-9.])[0-9]+(?:\.[0-9]+){2,}(?![0-9]|\.[0-9])",
        _version,
        "2.1.3 → 2テン1テン3",
        "2026.11.0 → 2026テン11テン0",
        "3.14 → 3.14",
    ),
    rule(
        "postal mark said twice",
        r"(?<=郵便番号)(?P<link>[は:]?\s?)〒",
        r"\g<link>",
        "郵便番号は〒060-8588 → 郵便番号はゼロロクゼロのハチゴーハチハチ",
    ),
    rule(
        "era with initial",
        r"(?<![A-Za-z0-9])(?P<era>[RHS])(?=[0-9]{1,2}年)",
        lambda m: _ERAS[m["era"]],
        "S60年生まれ → 昭和60年生まれ",
    ),
    rule(
        "postal code",
        r"(?<![0-9-])(?P<mark>〒\s?)?(?P<area>[0-9]{3})-(?P<town>[0-9]{4})(?![0-9-])",
        _postal,
        "〒150-0001 → 郵便番号イチゴーゼロの0001",
        "060-8588 → ゼロロクゼロのハチゴーハチハチ",
    ),
    rule(
        "postal mark",
        r"〒\s?(?P<digits>[0-9]{7})?(?![0-9])",
        lambda m: "郵便番号" + (_spell_postal(m["digits"][:3], m["digits"][3:]) if m["digits"] else ""),
        "〒1500001 → 郵便番号イチゴーゼロの0001",
        "〒のマーク → 郵便番号のマーク",
    ),
    rule(
        "phone, international",
        r"(?<![0-9A-Za-z])\+[0-9]{1,3}(?:[- ][0-9]{1,4}){2,4}(?![0-9-])",
        _international,
        "+81-90-1234-5678 → プラスハチイチのキューゼロのイチニーサンヨンのゴーロクナナハチ",
    ),
    rule(
        "phone",
        r"(?<![0-9-])(?:\(0[0-9]{1,4}\)\s?[0-9]{1,4}-?[0-9]{3,4}|0[0-9]{1,4}\([0-9]{1,4}\)[0-9]{3,4}"
        r"|0[0-9]{1,4}(?P<joint>[- ])[0-9]{1,4}(?P=joint)[0-9]{3,4})(?![0-9-])",
        _phone,
        "090 1234 5678 → 090の1234の5678",
        "090-1234-5678 → 090の1234の5678",
        "03(1234)5678まで → 03の1234の5678まで",
        "(03)1234-5678 → 03の1234の5678",
        "0120-444-444 → 0120の444の444",
    ),
    rule(
        "number in groups",
        r"(?<![0-9A-Za-z-])[0-9]{3,}(?:-[0-9]{3,}){2,}(?![0-9A-Za-z-])",
        _phone,
        "1234-5678-9012 → イチニーサンヨンのゴーロクナナハチのキューゼロイチニー",
    ),
    rule(
        "file name",
        rf"(?<![A-Za-z0-9_-])(?P<name>[A-Za-z0-9_-]{{1,99}})\.(?P<ext>{_EXTENSION}){_NOT_LATIN}",
        r"\g<name>ドット\g<ext>",
        "configuration.yamlを編集 → configurationドットyamlを編集",
        "end. → end.",
    ),
    rule(
        "domain",
        rf"(?<![A-Za-z0-9@.-])(?P<host>{_HOST}(?:\.{_HOST}){{0,8}}\.(?:{_TOP_LEVEL}))(?::(?P<port>[0-9]{{2,5}}))?{_NOT_LATIN}",
        _domain,
        "example.comへ → exampleドットcomへ",
        "www.nhk.or.jp → nhkドットorドットjp",
        "homeassistant.local:8123 → homeassistantドットlocalコロンハチイチニーサン",
    ),
    rule(
        "initials",
        r"(?<![A-Za-z.])(?:[A-Za-z]\.){2,}(?![A-Za-z])|(?<![A-Za-z])Ph\.D\.?",
        lambda m: m[0].replace(".", ""),
        "U.S.A.です → USAです",
        "A. → A.",
    ),
    rule(
        "abbreviation",
        r"(?<![A-Za-z])(Mr|Mrs|Ms|Dr|Prof|Jr|Sr|vs|etc|approx|[Vv]ol)\.",
        r"\1",
        "Mr. Smith → Mr Smith",
    ),
    rule("page", r"(?<![A-Za-z0-9])[Pp]\.\s?(?P<page>[0-9]+)(?![0-9.])", r"\g<page>ページ", "p.25 → 25ページ"),
    rule(
        "dotted name",
        r"(?<=[A-Za-z0-9])\.(?=[a-z_])(?<![0-9]\.)",
        "ドット",
        "light.living_room → lightドットliving room",
    ),
    rule("underscore", r"_+", " ", "living_room → living room"),
)
