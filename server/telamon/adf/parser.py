"""The Markdown parser: markdown-it with the rules of the dialect and without those it replaces."""

from functools import cache

from markdown_it import MarkdownIt
from markdown_it.ruler import RuleOptionsType
from markdown_it.token import Token

from . import parse_blocks
from .parse_beginnings import Beginnings, rule_at, table_at
from .parse_inline import InlineParser
from .parse_paragraphs import paragraph, too_deep
from .syntax import link_is_safe
from .validity import MAX_LEVEL


@cache
def make_parser() -> MarkdownIt:
    """The parser for the dialect. It keeps no state between texts, so that one serves them all."""
    parser = MarkdownIt("js-default", {"maxNesting": MAX_LEVEL + 8, "linkify": False})
    parser.disable(["html_block", "lheading"])
    parser.core.ruler.disable(["inline", "replacements", "smartquotes", "linkify", "text_join"])
    parser.inline = InlineParser()
    parser.inline.ruler2.disable("fragments_join")  # adjacent text becomes one node in any case
    interrupts: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list"]}
    block = parser.block.ruler
    block.before("table", "adf_marker", parse_blocks.marker, interrupts)
    block.before("adf_marker", "adf_deep", too_deep)
    block.at("table", table_at, {"alt": ["paragraph", "reference"]})
    block.at("hr", rule_at, {"alt": ["paragraph", "reference", "blockquote", "list"]})
    block.at("paragraph", paragraph)
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
