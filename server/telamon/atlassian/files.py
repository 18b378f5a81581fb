"""Files in both directions: multipart uploads, and downloads that end on a media host.

The bearer token never travels along a redirect, and only hosts on the operator's list are asked.
"""

from collections.abc import Callable, Mapping
from email.message import Message
from urllib.parse import unquote

import aiohttp
import structlog
from yarl import URL

from telamon.atlassian.calls import REDIRECTS, Outgoing
from telamon.atlassian.cleaning import file_name, outgoing_file_name
from telamon.atlassian.faults import Answered, too_large, unavailable
from telamon.atlassian.reading import TooMuch, read_capped
from telamon.plugin import Download, InvalidArgument, Upload
from telamon.settings import AtlassianSettings

log = structlog.get_logger(__name__)

UNKNOWN_TYPE = "application/octet-stream"


def form_of(file: Upload, fields: Mapping[str, str]) -> Callable[[], aiohttp.FormData]:
    """Return what makes the multipart body: *fields* first, then the part ``file``.

    Raises:
        InvalidArgument: The file's name or media type cannot stand in a header.
    """
    filename = outgoing_file_name(file.filename)
    media_type = file.media_type.strip()
    if not media_type.isascii() or not media_type.isprintable() or media_type.count("/") != 1:
        raise InvalidArgument("The file's media type is none; give one such as text/plain.")

    def form() -> aiohttp.FormData:
        # Names go out as UTF-8, as browsers send them; percent signs would be taken literally.
        data = aiohttp.FormData(quote_fields=False)
        for name, value in fields.items():
            data.add_field(name, value)
        data.add_field("file", file.content, filename=filename, content_type=media_type)
        return data

    return form


async def download_of(
    http: aiohttp.ClientSession,
    settings: AtlassianSettings,
    outgoing: Outgoing,
    answered: Answered,
) -> Download:
    """Return the file in *answered*, or behind the one redirect that it is.

    Raises:
        Unavailable: The redirect leads to a host that is not on the list, or fetching failed.
        TooLarge: It is over the limit.
    """
    if answered.status not in REDIRECTS:
        return _download(answered.raw, answered.headers)
    target = media_address(settings, outgoing.url, answered.headers.get("Location", ""))
    if target is None:
        log.warning("upstream.redirect.refused", product=outgoing.asked.product.name)
        raise unavailable(outgoing.asked, "keeps this file on a host that is not allowed here")
    try:
        async with http.get(target, headers={"Accept": "*/*"}, allow_redirects=False) as response:
            if response.status != 200:
                raise unavailable(
                    outgoing.asked, f"could not hand over the file (status {response.status})"
                )
            content = await read_capped(response, outgoing.limit)
            return _download(content, response.headers)
    except TooMuch as error:
        raise too_large(outgoing.asked, outgoing.limit) from error
    except (aiohttp.ClientError, TimeoutError) as error:
        raise unavailable(outgoing.asked, "broke off while handing over the file") from error


def media_address(settings: AtlassianSettings, asked: URL, location: str) -> URL | None:
    """Return the redirect's target if a file may be fetched there, else ``None``.

    It has to be https, unless the API itself is plain http (on loopback), without user information.
    """
    try:
        target = asked.join(URL(location, encoded=True))
        host, standard = target.host or "", target.is_default_port()
    except ValueError:
        return None
    plain = asked.scheme == "http"
    if target.scheme not in (("http", "https") if plain else ("https",)):
        return None
    if target.user is not None or target.password is not None or not (standard or plain):
        return None
    allowed = any(host == name or host.endswith(f".{name}") for name in settings.media_hosts)
    return target if allowed else None


def _download(content: bytes, headers: Mapping[str, str]) -> Download:
    return Download(
        content=content,
        media_type=headers.get("Content-Type", UNKNOWN_TYPE).partition(";")[0].strip().lower(),
        filename=_named(headers.get("Content-Disposition", "")),
    )


def _named(disposition: str) -> str | None:
    """Read the file's name (RFC 6266); it is Atlassian's word, so it is cleaned."""
    message = Message()
    message["Content-Disposition"] = disposition.replace("\r", " ").replace("\n", " ")
    name = message.get_filename()
    return file_name(unquote(name) if name and "%" in name else name) if name else None
