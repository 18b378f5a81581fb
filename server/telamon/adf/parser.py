"""The Markdown parser: markdown-it with the rules of the dialect and without those it replaces."""

from functools import cache

from markdown_it import MarkdownIt
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock
from markdown_it.rules_block.paragraph import paragraph
from markdown_it.token import Token

from . import parse_blocks
from .parse_beginnings import Beginnings, table_at
from .parse_inline import InlineParser
from .syntax import link_is_safe
from .validity import MAX_LEVEL


@cache
def make_parser() -> MarkdownIt:
    """The parser for the dialect. It keeps no state between texts, so that one serves them all."""
    parser = MarkdownIt("js-default", {"maxNesting": MAX_LEVEL + 8, "linkify": False})
    parser.disable("html_block")
    parser.core.ruler.disable(["inline", "replacements", "smartquotes", "linkify", "text_join"])
    parser.inline = InlineParser()
    parser.inline.ruler2.disable("fragments_join")  # adjacent text becomes one node in any case
    interrupts: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list"]}
    block = parser.block.ruler
    block.before("table", "adf_marker", parse_blocks.marker, interrupts)
    block.before("adf_marker", "adf_deep", _too_deep)
    block.at("table", table_at, {"alt": ["paragraph", "reference"]})
    parser.block.ruler = Beginnings(block, {parse_blocks.marker: "{<:"})
    parser.normalizeLink = _unchanged  # type: ignore[method-assign,assignment]  # an address is kept as written
    parser.normalizeLinkText = _unchanged  # type: ignore[method-assign,assignment]  # as above
    parser.validateLink = link_is_safe  # type: ignore[method-assign,assignment]  # our list of schemes
    return parser


def parse_text(parser: MarkdownIt, text: str) -> tuple[list[Token], dict[str, object]]:
    """The block tokens of a text, and what its inline parts need: the link definitions."""
    env: dict[str, object] = {}
    return parser.parse(text, env), env


def _unchanged(text: str) -> str:
    return text


def _too_deep(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Below the last level everything is text: nothing is lost, and nothing recurses further."""
    return state.level >= MAX_LEVEL and paragraph(state, start, end, silent)
