"""Resources and prompts: what is offered, read and written, and the completion of both."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from telamon.catalog import Catalog, OfferedResource
from telamon.endpoint.desk import ApiSource
from telamon.endpoint.exchange import Context, exchange_of
from telamon.endpoint.faults import readable_errors
from telamon.endpoint.invisible import visible_text
from telamon.endpoint.kernel import INVALID_PARAMS, MCPError, types
from telamon.endpoint.listing import refuse_cursor
from telamon.endpoint.results import base64, block
from telamon.endpoint.sites import host_of
from telamon.plugin import AnyProduct, Embedded, InvalidArgument, Message, NotFound
from telamon.plugin.resources import Complete, read_arguments
from telamon.plugin.scopes import NeedsScopes

_SITE = "site"
_MOST_COMPLETIONS = 100

_Completable = tuple[AnyProduct, NeedsScopes, Mapping[str, Complete[Any]]]


class Reading:
    """Serves the resource templates and prompts of the catalog."""

    def __init__(self, catalog: Catalog, apis: ApiSource) -> None:
        self._catalog = catalog
        self._apis = apis

    async def resources(
        self, context: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListResourcesResult:
        """Answer ``resources/list``: none by name, a site has too many; see the templates."""
        del context
        refuse_cursor(params)
        return types.ListResourcesResult(resources=[])

    async def templates(
        self, context: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListResourceTemplatesResult:
        """Answer ``resources/templates/list`` with those whose scopes the token has."""
        refuse_cursor(params)
        return types.ListResourceTemplatesResult(
            resource_templates=[
                types.ResourceTemplate(
                    uri_template=each.uri_template,
                    name=each.name,
                    title=each.title,
                    description=each.description,
                    mime_type=each.media_type,
                )
                for offered in self._catalog.resources
                if self._allowed(context, offered.product, each := offered.resource)
            ]
        )

    async def read(
        self, context: Context, params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        """Answer ``resources/read``."""
        with readable_errors(context, not_found={"uri": params.uri}):
            offered, holes = self._resource(context, params.uri)
            self._check_site(context, holes.pop(_SITE))
            client = self._client(context, offered.product, offered.resource)
            found = await offered.resource.run(
                client, **{name: unquote(value) for name, value in holes.items()}
            )
        return types.ReadResourceResult(
            contents=[_contents(params.uri, found, offered.resource.media_type)]
        )

    def _resource(self, context: Context, uri: str) -> tuple[OfferedResource, dict[str, Any]]:
        for offered in self._catalog.resources:
            holes = read_arguments(uri, offered.resource.uri_template)
            if holes is not None and self._offers(context, offered.product, offered.resource):
                return offered, holes
        raise NotFound("There is no such resource.")

    def _check_site(self, context: Context, named: str) -> None:
        site = exchange_of(context).principal.site
        if unquote(named).lower() != host_of(site):
            raise InvalidArgument(f"This connection is for the site {host_of(site)} only.")

    async def prompts(
        self, context: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListPromptsResult:
        """Answer ``prompts/list`` with those whose scopes the token has."""
        refuse_cursor(params)
        return types.ListPromptsResult(
            prompts=[
                types.Prompt(
                    name=each.name,
                    title=each.title,
                    description=each.description,
                    arguments=[
                        types.PromptArgument(
                            name=info.alias or name,
                            description=info.description,
                            required=info.is_required(),
                        )
                        for name, info in each.arguments.model_fields.items()
                    ],
                )
                for offered in self._catalog.prompts.values()
                if self._allowed(context, offered.product, each := offered.prompt)
            ]
        )

    async def prompt(
        self, context: Context, params: types.GetPromptRequestParams
    ) -> types.GetPromptResult:
        """Answer ``prompts/get``."""
        offered = self._catalog.prompts.get(params.name)
        if offered is None or not self._offers(context, offered.product, offered.prompt):
            raise MCPError(INVALID_PARAMS, f"Unknown prompt: {params.name[:128]}")
        with readable_errors(context, arguments=offered.prompt.arguments):
            client = self._client(context, offered.product, offered.prompt)
            written = await offered.prompt.write(client, params.arguments or {})
        messages = [Message(written)] if isinstance(written, str) else written
        return types.GetPromptResult(
            description=offered.prompt.description,
            messages=[
                types.PromptMessage(role=each.role, content=block(each.content, visible_text))
                for each in messages
            ],
        )

    async def complete(
        self, context: Context, params: types.CompleteRequestParams
    ) -> types.CompleteResult:
        """Answer ``completion/complete``; nothing to suggest is an empty list."""
        name, typed = params.argument.name, params.argument.value
        others = dict((params.context.arguments if params.context else None) or {})
        if isinstance(params.ref, types.PromptReference):
            offer = self._prompt(params.ref.name)
        else:
            offer = self._template(params.ref.uri)
        if offer is None or not self._offers(context, offer[0], offer[1]):
            raise MCPError(INVALID_PARAMS, "There is nothing of this name to complete.")
        product, needs, complete = offer
        values: Sequence[str] = []
        if name == _SITE and not isinstance(params.ref, types.PromptReference):
            values = [host_of(exchange_of(context).principal.site)]
        elif name in complete and self._allowed(context, product, needs):
            with readable_errors(context):
                values = await complete[name](self._client(context, product, needs), typed, others)
        kept = list(values[:_MOST_COMPLETIONS])
        completion = types.Completion(
            values=kept, total=len(values), has_more=len(kept) < len(values)
        )
        return types.CompleteResult(completion=completion)

    def _prompt(self, name: str) -> _Completable | None:
        found = self._catalog.prompts.get(name)
        return (found.product, found.prompt, found.prompt.complete) if found else None

    def _template(self, uri: str) -> _Completable | None:
        for offered in self._catalog.resources:
            if offered.resource.uri_template == uri:
                return offered.product, offered.resource, offered.resource.complete
        return None

    def _allowed(self, context: Context, product: AnyProduct, needs: NeedsScopes) -> bool:
        scopes = exchange_of(context).principal.scopes
        return self._offers(context, product, needs) and not self._catalog.missing(needs, scopes)

    def _offers(self, context: Context, product: AnyProduct, offer: NeedsScopes) -> bool:
        return exchange_of(context).principal.policy.offers(product.name, offer)

    def _client(self, context: Context, product: AnyProduct, needs: NeedsScopes) -> Any:
        names = [scope.name for scope in needs.scopes]
        api = self._apis.api(exchange_of(context).principal, product, needs=names)
        return product.connect(api, self._catalog.settings[product.name])


def _contents(
    uri: str, found: str | Embedded, media_type: str | None
) -> types.TextResourceContents | types.BlobResourceContents:
    if isinstance(found, str):
        return types.TextResourceContents(uri=uri, mime_type=media_type, text=visible_text(found))
    if isinstance(found.data, str):
        text = visible_text(found.data)
        return types.TextResourceContents(uri=uri, mime_type=found.media_type, text=text)
    return types.BlobResourceContents(uri=uri, mime_type=found.media_type, blob=base64(found.data))
