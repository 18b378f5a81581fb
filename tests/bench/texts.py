"""The texts that the converter is measured with: an ordinary page, and what slows parsers down."""

from collections.abc import Callable

PAGE = """\
## Release notes

The **new** version reads `config.toml` and *nothing else*; see [the guide](https://example.com/guide?a=1).

- first point with snake_case_name
  - nested point, https://example.com/a_b
- second point

| Name | Value |
| --- | ---: |
| size | 1\\|2 |

> [!NOTE]
> Mind the gap, @[Ada Example](accountid:1234) :status[DONE]{color=green}

```python
print("hello")
```

"""


def page(size: int) -> str:
    """An ordinary page of about *size* characters."""
    return PAGE * (size // len(PAGE) + 1)


def _times(piece: str) -> Callable[[int], str]:
    return lambda size: piece * (size // len(piece))


HOSTILE: dict[str, Callable[[int], str]] = {
    "`[`": _times("["),
    "`[a](`": _times("[a]("),
    '`[a](b "c `': _times('[a](b "c '),
    "`*a _b `": _times("*a _b "),
    "`a**b`": _times("a**b"),
    "runs of backticks": lambda size: "".join("`" * (n % 30) + " " for n in range(size // 16)),
    "`<a`": _times("<a"),
    "`> ` 60 deep": _times("> " * 60 + "a\n"),
    "`- ` 60 deep": _times("- " * 60 + "a\n"),
    "`<details>`": _times("<details>\n"),
    '`:adf{"a":[`': _times(':adf{"a":['),
    '`[x]{color="`': _times('[x]{color="'),
    "items of one letter": _times("- a\n"),
    "paragraphs of one letter": _times("a\n\n"),
    "table rows": lambda size: "|a|b|\n|-|-|\n" + "|a|b|\n" * (size // 6),
    "table columns": lambda size: "|" + "a|" * (size // 4) + "\n|" + "-|" * (size // 4),
    "link definitions": lambda size: "".join(f"[a{n}]: b\n" for n in range(size // 10)),
    "open link titles": _times('[a]: b "\n'),
}
"""Repetitions by name; each makes a text of about the size that is asked for."""
