"""A stand-in for Atlassian that costs next to nothing: canned answers, an optional delay, counts.

Run as a process: ``python upstream.py PORT DELAY_MS``. ``GET /counts`` gives JSON.
"""

import asyncio
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.samples import ANSWERS

ISSUE = {
    "id": "10001",
    "key": "DEMO-1",
    "self": "https://api.example.com/rest/api/3/issue/10001",
    "fields": {
        "summary": "Sign-in fails behind the proxy",
        "status": {"name": "In Progress", "statusCategory": {"key": "indeterminate"}},
        "issuetype": {"name": "Bug", "subtask": False},
        "priority": {"name": "High"},
        "assignee": {"accountId": "account-ada", "displayName": "Ada Example"},
        "reporter": {"accountId": "account-ben", "displayName": "Ben Example"},
        "labels": ["proxy", "sign-in"],
        "created": "2026-11-02T09:12:44.000+0000",
        "updated": "2026-11-20T16:03:01.000+0000",
        "description": {
            "type": "doc",
            "version": 1,
            "content": [
                {
                    "type": "paragraph",
                    "content": [
                        {"type": "text", "text": "The callback "},
                        {"type": "text", "text": "never", "marks": [{"type": "strong"}]},
                        {"type": "text", "text": f" arrives, try {number}."},
                    ],
                }
                for number in range(2)
            ],
        },
    },
}


class Upstream(asyncio.Protocol):
    """Answers every complete request on a connection by its path; the short issue by default."""

    requests = 0
    connections = 0
    delay = 0.0
    answer = b""
    others: dict[bytes, bytes] = {}  # noqa: RUF012 - one process serves one set of answers

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.buffer = b""
        Upstream.connections += 1

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head, rest = self.buffer[:end], self.buffer[end + 4 :]
            _, _, length = head.lower().partition(b"content-length:")
            size = int(length.split(b"\r\n", 1)[0] or 0)
            if len(rest) < size:
                return
            self.buffer = rest[size:]
            if head.startswith(b"GET /counts"):
                counts = {"requests": Upstream.requests, "connections": Upstream.connections}
                self.transport.write(framed(counts))
                continue
            Upstream.requests += 1
            path = head.split(b" ", 2)[1]
            answers = (found for part, found in Upstream.others.items() if part in path)
            answer = next(answers, Upstream.answer)
            if Upstream.delay:
                asyncio.get_running_loop().call_later(Upstream.delay, self._write, answer)
            else:
                self._write(answer)

    def _write(self, answer: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(answer)


def framed(value: object) -> bytes:
    """Return an HTTP answer with *value* as JSON."""
    body = json.dumps(value).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


async def main(port: int, delay: float) -> None:
    """Serve until killed."""
    Upstream.delay, Upstream.answer = delay, framed(ISSUE)
    Upstream.others = {part.encode(): framed(value) for part, value in ANSWERS.items()}
    server = await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", port)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2]) / 1000))
