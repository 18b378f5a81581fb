"""How fast the converter is: megabytes a second by size, for ordinary and for hostile text.

Run it from the root of the repository: `.venv/bin/python tests/bench/adf.py`.
"""

import sys
import time
from collections.abc import Callable
from functools import partial

from telamon.adf import AdfError, apply_edit, from_markdown, to_markdown

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

HOSTILE: dict[str, Callable[[int], str]] = {
    "[": lambda size: "[" * size,
    "[]": lambda size: "[]" * (size // 2),
    "[a](": lambda size: "[a](" * (size // 4),
    "[a](b": lambda size: "[a](b" * (size // 5),
    "![[": lambda size: "![[" * (size // 3),
    "*": lambda size: "*" * size,
    "*a _b ": lambda size: "*a _b " * (size // 6),
    "a**b": lambda size: "a**b" * (size // 4),
    "`": lambda size: "`" * size,
    "` runs": lambda size: "".join("`" * (n % 300) + " " for n in range(size // 150)),
    ">": lambda size: ">" * size,
    "> lines": lambda size: "> a\n" * (size // 4),
    "nested -": lambda size: "- " * (size // 2),
    "staircase": lambda size: "".join("  " * (n % 60) + "- a\n" for n in range(size // 60)),
    ":::layout": lambda size: ":::layout\n" * (size // 10),
    "<details>": lambda size: "<details>\n" * (size // 10),
    "</details>": lambda size: "</details>\n" * (size // 11),
    "<u>": lambda size: "<u>" * (size // 3),
    "<a": lambda size: "<a" * (size // 2),
    ":adf{": lambda size: ":adf{" * (size // 5),
    ':adf{"': lambda size: ':adf{"' * (size // 6),
    ':adf{"a":[': lambda size: ':adf{"a":[' * (size // 10),
    ":status[": lambda size: ":status[" * (size // 8),
    ":a": lambda size: ":a" * (size // 2),
    "{a=": lambda size: "[x]{color=" * (size // 10),
    "&": lambda size: "&" * size,
    "\\": lambda size: "\\" * size,
    "http": lambda size: "http://" * (size // 7),
    "www.": lambda size: "www." * (size // 4),
    "| rows": lambda size: "|a|b|\n|-|-|\n" + "|a|b|\n" * (size // 6),
    "| wide": lambda size: "|" + "a|" * (size // 4) + "\n|" + "-|" * (size // 4),
    "[a]: b": lambda size: "".join(f"[a{n}]: b\n" for n in range(size // 10)),
    "attributes": lambda size: "{align=center}\n" * (size // 15),
}


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    try:
        work()
    except AdfError as error:
        print(f"    refused: {error}")
    return time.perf_counter() - start


def main() -> None:
    print("ordinary text            size    read MB/s   write MB/s   edit MB/s")
    for size in (4_000, 64_000, 1_000_000):
        text = PAGE * (size // len(PAGE) + 1)
        document = from_markdown(text)
        short = to_markdown(document, opaque="reference")
        read = timed(partial(from_markdown, text))
        write = timed(partial(to_markdown, document))
        edit = timed(partial(apply_edit, document, short))
        mega = len(text) / 1e6
        print(f"{'':20}{len(text):>9}{mega / read:>13.2f}{mega / write:>13.2f}{mega / edit:>12.2f}")
    sizes = (20_000, 40_000) if "--full" not in sys.argv else (100_000, 200_000, 400_000)
    print(f"hostile text: seconds for {sizes} characters, and back to Markdown")
    for name, make in HOSTILE.items():
        figures: list[str] = []
        for size in sizes:
            text = make(size)
            taken = timed(partial(from_markdown, text))
            document = from_markdown(text)
            back = timed(partial(to_markdown, document))
            figures.append(f"{taken:7.2f}{back:7.2f}")
        print(f"  {name:<14}{'  |'.join(figures)}")
    deep: dict[str, object] = {"type": "paragraph"}
    for _ in range(5_000):
        deep = {"type": "bulletList", "content": [{"type": "listItem", "content": [deep]}]}
    print(f"5,000 levels: {timed(lambda: to_markdown({'type': 'doc', 'content': [deep]})):.3f} s")


if __name__ == "__main__":
    main()
