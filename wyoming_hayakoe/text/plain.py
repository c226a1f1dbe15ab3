"""Open JTalk with its own dictionary alone: one instance for all who look something up."""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyopenjtalk.openjtalk import OpenJTalk


@cache
def plain() -> "OpenJTalk":
    """Return Open JTalk without the user's words; its calls are serialised by its own lock."""
    # Imported here as it takes a third of a second.
    import pyopenjtalk
    from pyopenjtalk.openjtalk import OpenJTalk

    return OpenJTalk(dn_mecab=pyopenjtalk.OPEN_JTALK_DICT_DIR)
