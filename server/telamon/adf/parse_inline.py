"""The inline rules of the dialect, brackets apart: tags, addresses, entities, directives, emoji.

Which rules are tried is known from the character at hand; between such characters all is text.
"""

import re
from collections.abc import Callable

from markdown_it import MarkdownIt
from markdown_it.common.entities import entities
from markdown_it.parser_inline import ParserInline
from markdown_it.rules_inline import StateInline, backtick, emphasis, escape, newline, strikethrough
from markdown_it.rules_inline.state_inline import Scanned
from markdown_it.token import Token
from markdown_it.utils import EnvType

from . import syntax
from .attributes import read_attributes, read_json
from .parse_brackets import brackets

_TERMINATOR = re.compile(
    r"""[\n!&*:<@\[\\\]_`~wW]          # what a rule may begin with, or a label end with
    (?: (?<=[\n&*<\[\\\]`~])        # whatever follows,
      | (?<=_) (?!(?<=[A-Za-z0-9]_)[A-Za-z0-9])  # but inside a word,
      | (?<=[!@]) (?=\[)            # before a bracket,
      | (?<=:) (?=\S)               # before anything but white space,
      | (?<![A-Za-z0-9+.:/_-][wW]) (?<=[wW]) [wW]{2}\. )""",
    re.VERBOSE,
)
"""The ends of plain text. The first set is all that the search looks at in most text."""
_CJK = re.compile(
    "[\u1100-\u11ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef]"
)
"""Letters and punctuation of Chinese, Japanese and Korean."""


def is_plain(source: str) -> bool:
    """Whether the text has no inline form, nor anything that could be part of one."""
    return _TERMINATOR.search(source) is None


class _State(StateInline):
    """Where the parser is in a text, and what the delimiters there may do."""

    def scanDelims(self, start: int, canSplitWord: bool) -> Scanned:  # noqa: N802, N803 - markdown-it's names
        """Tell what a run of delimiters may do: beside CJK it needs no space to open or close.

        CommonMark takes `**Note:**text` for text, but where no spaces part words it is meant.
        """
        found = super().scanDelims(start, canSplitWord)
        stop = start + found.length
        before, after = self.src[start - 1 : start] or " ", self.src[stop : stop + 1] or " "
        if not canSplitWord or before.isspace() or after.isspace():
            return found
        return found._replace(
            can_open=found.can_open or _CJK.match(before) is not None,
            can_close=found.can_close or _CJK.match(after) is not None,
        )


class InlineParser(ParserInline):
    """markdown-it's inline parser with the rules of the dialect."""

    def parse(self, src: str, md: MarkdownIt, env: EnvType, tokens: list[Token]) -> list[Token]:
        """Add the tokens of a text to `tokens`."""
        state = _State(src, md, env, tokens)
        self.tokenize(state)
        for rule in self.ruler2.getRules(""):
            rule(state)
        return state.tokens

    def tokenize(self, state: StateInline) -> None:
        """Make tokens of the text between `state.pos` and `state.posMax`."""
        source, end = state.src, state.posMax
        most = state.md.options.maxNesting
        while state.pos < end:
            at = state.pos
            found = _TERMINATOR.search(source, at, end)
            stop = found.start() if found else end
            if stop == at and state.level < most and _rule_holds(state, False):
                continue
            state.pos = max(stop, at + 1)
            state.append_pending(source[at : state.pos])
        if state.pending:
            state.pushPending()

    def skipToken(self, state: StateInline) -> None:  # noqa: N802 - markdown-it's name
        """Go on behind what begins here, without making tokens."""
        if not _rule_holds(state, True):
            state.pos += 1


def _rule_holds(state: StateInline, silent: bool) -> bool:
    return any(rule(state, silent) for rule in _RULES.get(state.src[state.pos], ()))


def _push_link(state: StateInline, href: str, text: str) -> None:
    token = state.push("link_open", "a", 1)
    token.attrs = {"href": href}
    token.meta = {"title": "", "items": {}}
    state.push("text", "", 0).content = text
    state.push("link_close", "a", -1)


def _address(state: StateInline, silent: bool) -> bool:
    """A bare address, as in GFM: `https://…`, `http://…` or `www.…`."""
    start = state.pos
    scheme = ""
    if state.src[start] == ":":
        rest = syntax.URL_REST.match(state.src, start, state.posMax)
        before = state.pending[-6:]
        found = syntax.SCHEME.search(before) if rest else None
        if not rest or not found or state.linkLevel or silent:
            return False
        scheme = found[0]
    elif state.src[start] in "wW":
        if not syntax.WWW.match(state.src, start) or state.linkLevel or silent:
            return False
        rest = syntax.WWW_URL.match(state.src, start, state.posMax)
    else:
        return False
    if rest is None:
        return False
    extent = syntax.url_extent(rest[0])
    if extent <= 3:
        return False
    if scheme:
        state.pending = state.pending[: -len(scheme)]
    url = scheme + rest[0][:extent]
    _push_link(state, url if scheme else f"http://{url}", url)
    state.pos = start + extent
    return True


def angle(state: StateInline, silent: bool) -> bool:
    """What begins with `<`: a tag that stands for a mark, a line break, an address."""
    if state.src[state.pos] != "<":
        return False
    start, end = state.pos, state.posMax
    if found := syntax.TAG.match(state.src, start, end):
        if not silent:
            token = state.push("adf_tag", "", 0)
            token.meta = {"mark": syntax.TAGS[found[2].lower()], "closes": bool(found[1])}
            token.content = found[0]
        state.pos = found.end()
        return True
    if found := syntax.BREAK.match(state.src, start, end):
        state.pos = found.end()
        items, state.pos = read_attributes(state.src, state.pos) or ({}, state.pos)
        if not silent:
            state.push("hardbreak", "br", 0).meta = {"items": items}
        return True
    prefix = ""
    found = syntax.AUTOLINK.match(state.src, start, end)
    if found is None:
        found = syntax.EMAIL.match(state.src, start, end)
        prefix = "mailto:"
    if found is None or not syntax.link_is_safe(found[1]):
        return False
    if not silent:
        _push_link(state, prefix + found[1], found[1])
    state.pos = found.end()
    return True


def _entity(state: StateInline, silent: bool) -> bool:
    """An entity; unlike HTML's, a numeric one may be any character that JSON can carry."""
    found = syntax.ENTITY.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    if found[3]:
        text = entities.get(found[3])
    else:
        code = int(found[1], 16) if found[1] else int(found[2])
        usable = 0 < code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF
        text = chr(code) if usable else "\ufffd"
    if text is None:
        return False
    if not silent:
        token = state.push("text_special", "", 0)
        token.content = text
    state.pos = found.end()
    return True


def colon(state: StateInline, silent: bool) -> bool:
    """What begins with `:`: a directive, an opaque node, an emoji."""
    if state.src[state.pos] != ":":
        return False
    start, end = state.pos, state.posMax
    if found := syntax.DIRECTIVE.match(state.src, start, end):
        items, state.pos = read_attributes(state.src, found.end()) or ({}, found.end())
        if not silent:
            token = state.push("adf_directive", "", 0)
            token.meta = {"name": found[1], "items": items}
            token.content = found[2]
        return True
    if syntax.OPAQUE.match(state.src, start, end):
        return _opaque(state, start, silent)
    found = syntax.EMOJI.match(state.src, start, end)
    if found is None:
        return False
    listed = _emoji_attributes(state.src, found.end())
    before = state.src[start - 1] if start else ""
    if not syntax.emoji_may_begin(before) and listed is None:
        return False
    items, state.pos = listed or ({}, found.end())
    if not silent:
        token = state.push("adf_emoji", "", 0)
        token.content = found[0]
        token.meta = {"items": items}
    return True


def _emoji_attributes(source: str, start: int) -> tuple[dict[str, object], int] | None:
    if source.startswith("{}", start):
        return {}, start + 2
    return read_attributes(source, start)


def _opaque(state: StateInline, start: int, silent: bool) -> bool:
    read = read_json(state.src, start + 4)
    if read is None or read[1] > state.posMax:
        return False
    if not silent:
        token = state.push("adf_opaque", "", 0)
        token.meta = {"value": read[0]}
        token.content = state.src[start : read[1]]
    state.pos = read[1]
    return True


_RULES: dict[str, tuple[Callable[[StateInline, bool], bool], ...]] = {
    "\n": (newline,),
    "\\": (escape,),
    "`": (backtick,),
    "~": (strikethrough.tokenize,),
    "*": (emphasis.tokenize,),
    "_": (emphasis.tokenize,),
    "<": (angle,),
    "&": (_entity,),
    ":": (_address, colon),
    **dict.fromkeys("wW", (_address,)),
    **dict.fromkeys("[!@", (brackets,)),
}
"""What may begin with each character, in the order in which it is tried."""
