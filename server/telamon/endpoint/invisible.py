"""Characters that a person does not see but a model reads: taken out of what other people wrote.

Instructions can be smuggled in them (SECURITY I15): Unicode tag characters, variation selectors in
runs, zero-width characters, and bidirectional controls, which also make text look like other text.
"""

import re

_HIDDEN = re.compile(
    "["
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e"
    "\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"
    "]"
    "|[\ufe00-\ufe0f]{2,}"
    # Joiners shape emoji and many scripts; between anything else they only hide.
    "|(?<![^\x00-\x7f])[\u200c\u200d]+|[\u200c\u200d]+(?![^\x00-\x7f])|[\u200c\u200d]{2,}"
)
_SURROGATES = re.compile("[\ud800-\udfff]")


def visible_text(text: str) -> str:
    """Return *text* without hidden characters; half a surrogate pair becomes U+FFFD."""
    if text.isascii():
        return text
    return _HIDDEN.sub("", _SURROGATES.sub("\ufffd", text))
