"""Every operation that may be asked for within the allowed spaces, and how it is confined.

What is not in :data:`OPERATIONS` is refused.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from telamon.plugin import Asking, Json
from telamon_confluence.answers import is_object, results
from telamon_confluence.confining.checks import (
    Check,
    cql_in_query,
    in_body,
    in_path,
    only_keys,
    only_spaces,
    spaces_seen,
    template_space,
)
from telamon_confluence.confining.clearing import GONE, found_inside
from telamon_confluence.confining.whereabouts import Whereabouts

Clear = Callable[[Whereabouts, Asking, Json], Json]
"""``clear(where, asking, shown)``: returns what may be shown of what is left, or GONE."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How an operation is confined: checks before it, in this order, and what its answer shows.

    From every answer goes what says that it is in a space outside; *answer* says what goes besides.
    """

    before: tuple[Check, ...] = ()
    answer: Clear | None = None


def rule(*before: Check, answer: Clear | None = None) -> Rule:
    """Return a rule."""
    return Rule(before, answer)


def _with_space(where: Whereabouts, _asking: Asking, shown: Json) -> Json:
    """Show content that says that it is inside."""
    return shown if is_object(shown) and where.spaces.hold_id(shown.get("spaceId")) else GONE


def _all_with_spaces(where: Whereabouts, asking: Asking, shown: Json) -> Json:
    """Show of a list what says that it is inside."""
    kept = [item for item in results(shown) if _with_space(where, asking, item) is not GONE]
    return {**shown, "results": kept}


def _spaces(where: Whereabouts, _asking: Asking, shown: Json) -> Json:
    kept = [space for space in results(shown) if where.spaces.hold_key(space.get("key"))]
    return {**shown, "results": kept}


def _found(where: Whereabouts, _asking: Asking, shown: Json) -> Json:
    return found_inside(shown, where.spaces)


def _begun(where: Whereabouts, _asking: Asking, shown: Json) -> Json:
    """Remember that everything this long task is about was checked."""
    where.begun.add(str(shown.get("id")))
    return shown


FREE = rule()
"""Holds nothing of any space: people."""
READ = rule(spaces_seen, answer=_with_space)
LIST = rule(only_spaces, answer=_all_with_spaces)
PAGE = rule(in_path("page"))
BLOG_POST = rule(in_path("blogpost"))
FOLDER = rule(in_path("folder"))
CONTENT = rule(in_path("content"))
SPACE = rule(in_path("space"))
FOOTER = in_path("footer", "comment_id")
INLINE = in_path("inline", "comment_id")

V1 = "/wiki/rest/api"
V2 = "/wiki/api/v2"
ONE_PAGE = f"{V2}/pages/{{id}}"
ONE_POST = f"{V2}/blogposts/{{id}}"
ONE_CONTENT = f"{V1}/content/{{id}}"
ONE_FOOTER = f"{V2}/footer-comments/{{comment-id}}"
ONE_INLINE = f"{V2}/inline-comments/{{comment-id}}"

OPERATIONS: Mapping[str, Rule] = MappingProxyType(
    {
        # people
        f"POST {V2}/users-bulk": FREE,
        f"GET {V1}/search/user": FREE,
        # spaces and searches
        f"GET {V2}/spaces": rule(only_keys, answer=_spaces),
        f"GET {V2}/spaces/{{id}}": SPACE,
        f"GET {V2}/spaces/{{id}}/pages": SPACE,
        f"GET {V2}/spaces/{{id}}/permissions": SPACE,
        f"GET {V1}/search": rule(cql_in_query, answer=_found),
        f"GET {V1}/template/page": rule(template_space),
        f"GET {V1}/template/{{contentTemplateId}}": rule(in_path("template", "contentTemplateId")),
        # pages, blog posts, folders
        f"GET {V2}/pages": LIST,
        f"GET {V2}/blogposts": LIST,
        f"GET {ONE_PAGE}": READ,
        f"GET {ONE_POST}": READ,
        f"GET {V2}/folders/{{id}}": READ,
        f"POST {V2}/pages": rule(in_body()),
        f"POST {V2}/blogposts": rule(in_body()),
        f"POST {V2}/folders": rule(in_body()),
        f"PUT {ONE_PAGE}": rule(in_path("page"), in_body()),
        f"PUT {ONE_POST}": rule(in_path("blogpost"), in_body()),
        f"DELETE {ONE_PAGE}": PAGE,
        f"DELETE {ONE_POST}": BLOG_POST,
        f"GET {ONE_PAGE}/ancestors": PAGE,
        f"GET {ONE_PAGE}/descendants": PAGE,
        f"GET {V2}/folders/{{id}}/direct-children": FOLDER,
        f"GET {ONE_PAGE}/versions": PAGE,
        f"GET {ONE_POST}/versions": BLOG_POST,
        f"GET {ONE_PAGE}/labels": PAGE,
        f"GET {ONE_POST}/labels": BLOG_POST,
        f"POST {ONE_CONTENT}/label": CONTENT,
        f"DELETE {ONE_CONTENT}/label": CONTENT,
        f"GET {ONE_CONTENT}/restriction": CONTENT,
        f"PUT {ONE_CONTENT}/restriction": CONTENT,
        f"DELETE {ONE_CONTENT}/restriction": CONTENT,
        f"POST {ONE_CONTENT}/permission/check": CONTENT,
        f"POST {ONE_CONTENT}/version": CONTENT,
        f"GET {V1}/analytics/content/{{contentId}}/views": rule(in_path("content", "contentId")),
        # moving, copying, archiving
        f"PUT {V1}/content/{{pageId}}/move/{{position}}/{{targetId}}": rule(
            in_path("content", "pageId"), in_path("content", "targetId")
        ),
        f"POST {ONE_CONTENT}/copy": rule(in_path("content"), in_body()),
        f"POST {ONE_CONTENT}/pagehierarchy/copy": rule(
            in_path("content"), in_body(), answer=_begun
        ),
        f"POST {V1}/content/archive": rule(in_body(), answer=_begun),
        f"GET {V1}/longtask/{{id}}": rule(in_path("long task")),
        # files
        f"GET {ONE_PAGE}/attachments": PAGE,
        f"GET {ONE_POST}/attachments": BLOG_POST,
        f"GET {V2}/attachments/{{id}}": rule(in_path("attachment")),
        f"DELETE {V2}/attachments/{{id}}": rule(in_path("attachment")),
        f"PUT {ONE_CONTENT}/child/attachment": CONTENT,
        f"GET {ONE_CONTENT}/child/attachment/{{attachmentId}}/download": rule(
            in_path("content"), in_path("attachment", "attachmentId")
        ),
        # comments
        f"GET {ONE_PAGE}/footer-comments": PAGE,
        f"GET {ONE_POST}/footer-comments": BLOG_POST,
        f"GET {ONE_PAGE}/inline-comments": PAGE,
        f"GET {ONE_POST}/inline-comments": BLOG_POST,
        f"POST {V2}/footer-comments": rule(in_body("footer")),
        f"POST {V2}/inline-comments": rule(in_body("inline")),
        f"GET {ONE_FOOTER}": rule(FOOTER),
        f"PUT {ONE_FOOTER}": rule(FOOTER),
        f"DELETE {ONE_FOOTER}": rule(FOOTER),
        f"GET {ONE_INLINE}": rule(INLINE),
        f"PUT {ONE_INLINE}": rule(INLINE),
        f"DELETE {ONE_INLINE}": rule(INLINE),
        f"GET {V2}/footer-comments/{{id}}/children": rule(in_path("footer")),
        f"GET {V2}/inline-comments/{{id}}/children": rule(in_path("inline")),
        # tasks
        f"GET {V2}/tasks": LIST,
        f"PUT {V2}/tasks/{{id}}": rule(in_path("task")),
    }
)
