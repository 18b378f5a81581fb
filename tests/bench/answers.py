"""What everyday calls give beside the bare proxy: answers in a second, and bytes of each answer."""

import json
import statistics
from dataclasses import dataclass
from typing import Any

from bench.load import connect, run
from bench.samples import CONFLUENCE_PAGE, ISSUE, SEARCH
from bench.variants import Call, bare_at, stateless, stateless_request

CLIENTS = 8
ROUNDS = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Everyday:
    """A call that people make all day, what Atlassian answers, and what proves that it came."""

    title: str
    call: Call
    path: str
    upstream: Any
    proof: bytes


EVERYDAY = (
    Everyday(
        title="`getJiraIssue`, default fields",
        call={"name": "getJiraIssue", "arguments": {"issueIdOrKey": "DEMO-2"}},
        path="/rest/api/3/issue/DEMO-2",
        upstream=ISSUE,
        proof=b"DEMO-2",
    ),
    Everyday(
        title="`searchJiraIssuesUsingJql`, 50 issues with descriptions",
        call={
            "name": "searchJiraIssuesUsingJql",
            "arguments": {
                "jql": "project = DEMO",
                "fields": ["summary", "status", "issuetype", "priority", "assignee", "description"],
            },
        },
        path="/rest/api/3/search/jql",
        upstream=SEARCH,
        proof=b"DEMO-50",
    ),
    Everyday(
        title="`getConfluencePage`, a body of 200 KB",
        call={"name": "getConfluencePage", "arguments": {"pageId": "1001"}},
        path="/wiki/api/v2/pages/1001",
        upstream=CONFLUENCE_PAGE,
        proof=b"Release notes",
    ),
)


async def answers_table(base: int, port: int, token: str, seconds: float) -> list[str]:
    """Measure each call on the bare proxy at *base* and on Telamon at *port*, interleaved."""
    host = f"localhost:{port}"
    lines = [
        f"| call, {CLIENTS} clients | bare proxy | Telamon | ratio | upstream | answer | share |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for one in EVERYDAY:
        text = await _text(one, port, host, token)
        proxied = [await bare_at(one.path, one.proof)(base, "", "") for _ in range(CLIENTS)]
        asked = [await stateless(one.call, one.proof)(port, host, token) for _ in range(CLIENTS)]
        rates: tuple[list[float], list[float]] = ([], [])
        for _ in range(ROUNDS):
            for found, ask in zip(rates, (proxied, asked), strict=True):
                outcome = await run(ask, seconds)
                if outcome.failures:
                    raise RuntimeError(f"{one.title}: {outcome.failures} failures")
                found.append(outcome.rate)
        lines.append(_line(one, len(text.encode()), *map(statistics.median, rates)))
    return lines


def _line(one: Everyday, answer: int, proxied: float, asked: float) -> str:
    upstream = len(json.dumps(one.upstream, separators=(",", ":")).encode())
    return (
        f"| {one.title} | {proxied:,.0f}/s | {asked:,.0f}/s | {asked / proxied:.2f} "
        f"| {upstream:,} B | {answer:,} B | {answer / upstream:.2f} |"
    )


async def _text(one: Everyday, port: int, host: str, token: str) -> str:
    """The text that a model reads."""
    connection = await connect(port)
    answer = await connection.ask(stateless_request(one.call, host, token))
    result = json.loads(answer.split(b"\r\n\r\n", 1)[1])["result"]
    text = "".join(part.get("text", "") for part in result["content"])
    if result.get("isError") or one.proof.decode() not in text:
        raise RuntimeError(f"{one.title} does not work: {text[:300]}")
    return text
