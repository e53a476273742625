"""Is it one name? Devices without Chinese input write 张三 as ``ZHANG SAN``; that is no contradiction."""

import re
from itertools import product

from pypinyin import Style, pinyin

_GAPS = re.compile(r"[\s^,.·•'’\-]+")
_CHINESE = re.compile(r"[\u3400-\u9fff]")
_MAX_READINGS = 64


def is_same_name(ordered: str, shown: str) -> bool:
    """``ordered`` as the order has it, ``shown`` a whole DICOM PN (``Zhang^San=张^三``) or a plain name.

    True when one of the PN's groups is the name, or its pinyin with the family name first or last.
    """
    wanted = _plain(ordered)
    groups = [_plain(group) for group in shown.split("=") if _plain(group)]
    if not wanted or not groups or wanted in groups:
        return True
    return any(_sounds_alike(wanted, group) or _sounds_alike(group, wanted) for group in groups)


def _sounds_alike(chinese: str, latin: str) -> bool:
    if not _CHINESE.search(chinese) or _CHINESE.search(latin):
        return False
    # Character by character: as a word, 单一 has only the reading dan yi, as a name it may be shan yi.
    readings = [pinyin(character, style=Style.NORMAL, heteronym=True, v_to_u=False)[0] for character in chinese]
    for number, syllables in enumerate(product(*readings)):
        if number >= _MAX_READINGS:
            break
        # One- and two-character family names, before or after the given name.
        for split in (0, 1, 2):
            if latin in _spellings("".join(syllables[split:] + syllables[:split])):
                return True
    return False


def _spellings(sound: str) -> tuple[str, ...]:
    """吕 is written LV, LU and LYU in passports and on machines."""
    return (sound, sound.replace("v", "u"), sound.replace("v", "yu"))


def _plain(name: str) -> str:
    return _GAPS.sub("", name).casefold()
