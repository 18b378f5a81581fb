"""HTML: one layout, one style, no script, and the security headers that every page carries."""

import base64
import hashlib
from importlib.resources import files
from typing import Any

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from telamon.addresses import Addresses
from telamon.web.problems import Problem

FEATURES_OFF = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


class Pages:
    """Renders ``templates/<name>.html``; everything handed to a template is escaped."""

    def __init__(self, addresses: Addresses) -> None:
        style = files("telamon.web").joinpath("templates", "style.css").read_text("utf-8")
        self._templates = Environment(
            loader=PackageLoader("telamon.web"),
            autoescape=True,
            undefined=StrictUndefined,
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        # The style is ours and stands in the page as it is: its hash is in the policy.
        ours: dict[str, Any] = {"style": Markup(style), "addresses": addresses}  # noqa: S704
        self._templates.globals.update(ours)
        self._headers = {
            "Content-Security-Policy": _policy(style),
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Permissions-Policy": FEATURES_OFF,
        }

    def page(self, name: str, *, status: int = 200, **values: Any) -> web.Response:
        """Answer with the page *name*; a value the template needs and lacks is an error."""
        return web.Response(
            text=self._templates.get_template(f"{name}.html").render(values),
            status=status,
            content_type="text/html",
            headers=self._headers,
        )

    def problem(self, problem: Problem, *, status: int = 400) -> web.Response:
        """Answer with the page that tells a person what happened and what to do."""
        return self.page("problem", status=status, problem=problem)


def _policy(style: str) -> str:
    """Return the content security policy.

    It has no ``form-action``: Chromium applies that to the redirects that follow a form too, and
    the consent form ends in a redirect to whatever address the client registered.
    """
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src 'self'; script-src 'none'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
