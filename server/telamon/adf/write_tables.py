"""Writes tables: in GFM where every cell is one paragraph, else as a `:::table` container."""

from collections.abc import Callable

from .attributes import mark_items, read_attributes, write_attributes
from .forms import Forms
from .nodes import Node, attributes, content, kind, marks
from .validity import well_formed
from .write_inline import write_inline

_RULES = {"": "---", "center": ":---:", "end": "---:"}
WriteBlocks = Callable[[list[Node], str, Forms], list[str]]


def write_table(table: Node, forms: Forms, write_blocks: WriteBlocks) -> list[str] | None:
    """The lines for a table, or None if it is not sound; `write_blocks` writes what cells hold."""
    if not all(_is_sound(row) for row in content(table)):
        return None
    listed = write_attributes(forms.shown(table) | mark_items(forms.shown_marks(marks(table))))
    grid = [content(row) for row in content(table)]
    if _is_simple(grid, content(table), forms):
        return [*([listed] if listed else []), *_simple(grid, forms)]
    lines = [f":::table {listed}".rstrip(" ")]
    for row in content(table):
        lines.append(f":::row {write_attributes(forms.shown(row))}".rstrip(" "))
        for cell in content(row):
            name = "th" if kind(cell) == "tableHeader" else "td"
            lines.append(f":::{name} {write_attributes(forms.shown(cell))}".rstrip(" "))
            body = write_blocks(content(cell), kind(cell), forms)
            lines += [] if body == ["<p></p>"] else ["", *body, ""]
    return [*lines, ":::"]


def _is_sound(row: Node) -> bool:
    return (
        well_formed(row, "table")
        and "content" in row
        and all(well_formed(cell, "tableRow") and content(cell) for cell in content(row))
    )


def _is_simple(grid: list[list[Node]], rows: list[Node], forms: Forms) -> bool:
    """Whether GFM can say it all: a full grid, one line in each cell, columns aligned as one."""
    columns = len(grid[0])
    return (
        columns > 0
        and not any(forms.shown(row) for row in rows)
        and all(len(cells) == columns for cells in grid)
        and all(_is_line(cell, forms) for cells in grid for cell in cells)
        and all(len(set(map(_alignment, column))) == 1 for column in zip(*grid, strict=True))
    )


def _alignment(cell: Node) -> str:
    for mark in marks(content(cell)[0]):
        if kind(mark) == "alignment":
            return str(attributes(mark)["align"])
    return ""


def _is_line(cell: Node, forms: Forms) -> bool:
    """Whether a cell holds one paragraph without attributes, but for its alignment."""
    children = content(cell)
    only = children[0]
    return (
        len(children) == 1
        and kind(only) == "paragraph"
        and well_formed(only, kind(cell))
        and not forms.shown(only)
        and not [mark for mark in forms.shown_marks(marks(only)) if kind(mark) != "alignment"]
    )


def _simple(grid: list[list[Node]], forms: Forms) -> list[str]:
    lines: list[str] = []
    has_header = all(kind(cell) == "tableHeader" for cell in grid[0])
    if not has_header:
        lines.append("|" + " |" * len(grid[0]))
    for at, row in enumerate(grid):
        in_header = has_header and at == 0
        cells = [_cell(cell, forms, header=in_header) for cell in row]
        if in_header and not any(cells):
            cells[0] = write_attributes({"th": True})
        lines.append("|" + "".join(f" {cell} |" if cell else " |" for cell in cells))
    rules = [_RULES[_alignment(cell)] for cell in grid[0]]
    lines.insert(1, f"| {' | '.join(rules)} |")
    return lines


def _cell(cell: Node, forms: Forms, *, header: bool) -> str:
    shown = forms.shown(cell)
    if header != (kind(cell) == "tableHeader"):
        shown = {"td" if header else "th": True} | shown
    text = write_inline(content(content(cell)[0]), "paragraph", forms, block=False)[0]
    if read_attributes(text, 0):
        text = "\\" + text
    return f"{write_attributes(shown)} {text}".strip(" ").replace("|", "\\|")
