import asyncio
import gzip
import json
import time
from typing import Any

import pytest
from aiohttp import web
from aiohttp.base_protocol import BaseProtocol
from aiohttp.streams import StreamReader
from aiohttp.test_utils import TestServer, make_mocked_request
from pytest_aiohttp.plugin import AiohttpClient

from telamon.web.body import BadForm, BadJson, parse_json, read_body, read_form


def app_reading(*, limit: int = 1000, seconds: float = 5) -> web.Application:
    async def read(request: web.Request) -> web.Response:
        return web.Response(body=await read_body(request, limit=limit, seconds=seconds))

    async def form(request: web.Request) -> web.Response:
        try:
            fields = await read_form(request)
        except BadForm as bad:
            return web.Response(status=400, text=str(bad))
        return web.json_response(list(fields.items()))

    app = web.Application()
    app.add_routes([web.post("/read", read), web.post("/form", form)])
    return app


async def raw(server: TestServer, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(request)
    answer = await reader.read(65_536)
    writer.close()
    await writer.wait_closed()
    return answer


async def test_a_body_within_its_limit_is_read_whole(aiohttp_client: AiohttpClient) -> None:
    client = await aiohttp_client(app_reading(limit=10))
    answer = await client.post("/read", data=b"0123456789")
    assert await answer.read() == b"0123456789"


@pytest.mark.row("SEC-R05")
async def test_a_body_declared_too_large_is_refused_unread(aiohttp_client: AiohttpClient) -> None:
    client = await aiohttp_client(app_reading(limit=10))
    assert (await client.post("/read", data=b"0123456789x")).status == 413


@pytest.mark.row("SEC-R05")
async def test_a_chunked_body_that_grows_too_large_is_refused(
    aiohttp_client: AiohttpClient,
) -> None:
    async def chunks() -> Any:
        for _ in range(3):
            yield b"01234567"

    client = await aiohttp_client(app_reading(limit=10))
    assert (await client.post("/read", data=chunks())).status == 413


@pytest.mark.row("SEC-R02")
async def test_a_compressed_body_is_refused_before_it_unpacks(
    aiohttp_client: AiohttpClient,
) -> None:
    client = await aiohttp_client(app_reading())
    bomb = gzip.compress(b"0" * 64 * 1024 * 1024)
    answer = await client.post("/read", data=bomb, headers={"Content-Encoding": "gzip"})
    assert answer.status == 415


@pytest.mark.row("SEC-R04")
async def test_a_dripping_body_is_answered_408_and_closed(aiohttp_server: Any) -> None:
    server = await aiohttp_server(app_reading(seconds=0.05))
    answer = await raw(server, b"POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n0")
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"connection: close" in answer.lower()


@pytest.mark.row("SEC-R01")
@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        b"X: a\r\n folded\r\n\r\n",
        b"Content-Length: \xd9\xa1\r\n\r\nx",
    ],
    ids=["CL+TE", "two CL", "obs-fold", "non-ASCII digit"],
)
async def test_ambiguous_framing_is_refused_and_the_connection_closed(
    aiohttp_server: Any, head: bytes
) -> None:
    server = await aiohttp_server(app_reading())
    answer = await raw(server, b"POST /read HTTP/1.1\r\nHost: x\r\n" + head)
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.0 400"))
    assert answer.count(b"HTTP/1.") == 1


async def test_a_body_that_its_parser_finds_broken_is_a_bad_request() -> None:
    loop = asyncio.get_running_loop()
    content = StreamReader(BaseProtocol(loop), 2**16, loop=loop)
    content.set_exception(web.RequestPayloadError("the chunk is broken"))
    request = make_mocked_request("POST", "/read", payload=content)
    with pytest.raises(web.HTTPBadRequest) as refused:
        await read_body(request, limit=10, seconds=5)
    assert refused.value.keep_alive is False


async def test_a_form_keeps_repeated_and_empty_fields(aiohttp_client: AiohttpClient) -> None:
    client = await aiohttp_client(app_reading())
    answer = await client.post(
        "/form",
        data=b"a=1&a=2&b=&c=%C3%A9+x",
        headers={"Content-Type": "application/x-www-form-urlencoded;charset=UTF-8"},
    )
    assert await answer.json() == [["a", "1"], ["a", "2"], ["b", ""], ["c", "é x"]]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data; boundary=x", b"--x--"),
        ("text/plain", b"a=1"),
        ("application/x-www-form-urlencoded; charset=utf-16", b"a=1"),
        ("application/x-www-form-urlencoded", b"a=\xff"),
        ("application/x-www-form-urlencoded", b"a=%FF"),
        ("application/x-www-form-urlencoded", b"&".join([b"a=1"] * 101)),
    ],
)
async def test_what_is_not_a_url_encoded_form_is_refused(
    aiohttp_client: AiohttpClient, content_type: str, body: bytes
) -> None:
    client = await aiohttp_client(app_reading())
    answer = await client.post("/form", data=body, headers={"Content-Type": content_type})
    assert answer.status == 400


async def test_a_body_without_content_type_is_no_form(aiohttp_server: Any) -> None:
    server = await aiohttp_server(app_reading())
    answer = await raw(server, b"POST /form HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na=1")
    assert answer.startswith(b"HTTP/1.1 400")


def test_json_is_parsed() -> None:
    said = b' {"a": [1, -2.5e3, true, false, null, "\\u00e9\\ud83d\\ude00"], "b": {}} '
    assert parse_json(said) == {"a": [1, -2500.0, True, False, None, "é😀"], "b": {}}


@pytest.mark.row("SEC-J01", "SEC-J03")
@pytest.mark.parametrize(
    "raw_bytes",
    [
        b"",
        b"{",
        b"[1,]",
        b"{'a': 1}",
        b'{"a": 1} x',
        b'"\x01"',
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b"\xef\xbb\xbf{}",
        '{"a": 1}'.encode("utf-16"),
        '{"a": 1}'.encode("utf-16-le"),
        '{"a": 1}'.encode("utf-32"),
    ],
)
def test_broken_json_and_other_encodings_are_refused(raw_bytes: bytes) -> None:
    with pytest.raises(BadJson):
        parse_json(raw_bytes)


@pytest.mark.row("SEC-J02")
@pytest.mark.parametrize("raw_bytes", [b"[" * 200_000, b'{"a":' * 200_000, b"[" * 65 + b"]" * 65])
def test_deep_nesting_is_refused_without_recursion(raw_bytes: bytes) -> None:
    with pytest.raises(BadJson, match="nested deeper than 64"):
        parse_json(raw_bytes)


def test_nesting_up_to_the_limit_is_accepted_however_wide() -> None:
    deep = b"[" * 63 + b'{"a": "[[[[{{{{ \\" ]"}' + b"]" * 63
    found = parse_json(b"[" + b",".join([b"[]"] * 100) + b"]")
    assert len(found) == 100
    for _ in range(63):
        parsed = parse_json(deep)
    for _ in range(63):
        parsed = parsed[0]
    assert parsed == {"a": '[[[[{{{{ " ]'}


def test_brackets_inside_strings_do_not_count() -> None:
    assert parse_json(b'{"a": "' + b"[" * 1000 + b'"}') == {"a": "[" * 1000}


@pytest.mark.row("SEC-J11")
@pytest.mark.parametrize("small", [b"[]", b"{}", b'"["'])
def test_json_of_very_many_parts_is_refused_undecoded(small: bytes) -> None:
    with pytest.raises(BadJson, match="too large"):
        parse_json(b"[" + b",".join([small] * 50_000) + b"]")
    assert len(parse_json(b"[" + b",".join([small] * 49_999) + b"]")) == 49_999


@pytest.mark.parametrize("text", ['"]', "\\", '\\"]', "]" * 70, "\\\\"])
def test_a_string_hides_no_nesting(text: str) -> None:
    said = json.dumps([text, "[", [text]]).encode()
    assert parse_json(b"[" * 62 + said + b"]" * 62)
    with pytest.raises(BadJson, match="nested deeper than 64"):
        parse_json(b"[" * 63 + said + b"]" * 63)


@pytest.mark.row("SEC-J12")
@pytest.mark.parametrize(
    "hostile",
    [b'"' + b'\\"' * 500_000, b"[]" * 500_000, b'"' * 1_000_000 + b"[" * 100, b"[" * 1_000_000],
)
def test_hostile_json_costs_linear_time(hostile: bytes) -> None:
    hostile += b"[" * 65
    began = time.process_time()
    with pytest.raises(BadJson):
        parse_json(hostile)
    assert time.process_time() - began < 2  # a quadratic scan takes minutes


@pytest.mark.row("SEC-J04")
@pytest.mark.parametrize(
    "number",
    [b"1" * 5000, b"-" + b"9" * 101, b"1e999", b"-1e999", b"NaN", b"Infinity", b"-Infinity"],
)
def test_numbers_that_no_double_can_hold_are_refused(number: bytes) -> None:
    with pytest.raises(BadJson):
        parse_json(b'{"n": ' + number + b"}")


@pytest.mark.row("SEC-J08")
def test_a_key_twice_in_one_object_is_refused() -> None:
    with pytest.raises(BadJson, match="twice"):
        parse_json(b'{"a": {"method": 1, "method": 2}}')
    assert parse_json(b'{"method": 1, "METHOD": 2}') == {"method": 1, "METHOD": 2}


@pytest.mark.row("SEC-J05")
def test_a_lone_surrogate_escape_is_read_without_an_error() -> None:
    assert parse_json(b'"\\ud800"') == "\ud800"
