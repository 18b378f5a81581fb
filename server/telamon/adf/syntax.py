"""The inline forms of the dialect as patterns, shared by what writes them and what reads them."""

import re

TAGS = {
    "u": "underline",
    "ins": "underline",
    "sub": "sub",
    "sup": "sup",
    "strong": "strong",
    "b": "strong",
    "em": "em",
    "i": "em",
    "s": "strike",
    "del": "strike",
    "code": "code",
    "kbd": "code",
}
"""The HTML tags that stand for marks."""
TAG = re.compile(r"<(/?)(" + "|".join(sorted(TAGS, key=len, reverse=True)) + r")>", re.IGNORECASE)
BREAK = re.compile(r"<br */?>", re.IGNORECASE)
DIRECTIVE = re.compile(r":(status|date|placeholder)\[((?:[^\\\[\]\n]|\\.){0,1000})\]")
OPAQUE = re.compile(r":adf(?=[{\[])")
EMOJI = re.compile(r":(?=[0-9_+-]{0,63}[a-z])([a-z0-9_+-]{1,64}):(?![A-Za-z0-9:])")
"""Directly after a letter, a digit or a colon only where `{` follows: see `emoji_may_begin`."""
EMOJI_LIKE = re.compile(r":(?=[0-9_+-]{0,63}[a-z])[a-z0-9_+-]{1,64}:(?![A-Za-z0-9])")
"""An emoji too if the colon that follows it were escaped."""
ENTITY = re.compile(r"&(?:#[xX]([0-9a-fA-F]{1,6})|#([0-9]{1,7})|([A-Za-z][A-Za-z0-9]{1,31}));")
SCHEME = re.compile(r"(?<![A-Za-z0-9+.-])https?$", re.IGNORECASE)
URL_REST = re.compile(r"://[^\s<>\"`\\^{}|\[\]\x00-\x20]+")
WWW = re.compile(r"(?<![A-Za-z0-9+.:/_-])www\.(?=[A-Za-z0-9-]+\.[A-Za-z])", re.IGNORECASE)
WWW_URL = re.compile(r"www\.[^\s<>\"`\\^{}|\[\]\x00-\x20]+", re.IGNORECASE)
AUTOLINK = re.compile(r"<([A-Za-z][A-Za-z0-9+.-]{1,31}:[^<>\s\x00-\x20]*)>")
EMAIL = re.compile(r"<([A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,255})>")
_DANGEROUS = re.compile(r"(?:javascript|vbscript|data|file):", re.IGNORECASE)
_IGNORED_IN_URLS = re.compile("[\\x00-\\x20\\x7f-\\xa0\\xad\\u200b-\\u200f\\u2028\\u2029\\ufeff]")


def emoji_may_begin(before: str) -> bool:
    """Whether an emoji may begin after this character (an empty string: at the beginning)."""
    return not (before.isalnum() or before == ":")


def link_is_safe(href: str) -> bool:
    """Whether the address has none of the schemes that run or read something locally.

    What browsers pass over in an address (controls, white space) is passed over here too.
    """
    return _DANGEROUS.match(_IGNORED_IN_URLS.sub("", href)) is None


def url_extent(url: str) -> int:
    """How much of a bare address belongs to it: not the punctuation that ends a sentence."""
    end = len(url)
    closing, opening = url.count(")"), url.count("(")
    while end:
        last = url[end - 1]
        if last == ")" and closing > opening:
            closing -= 1
        elif last not in "?!.,:;*_~'":
            break
        end -= 1
    return end
