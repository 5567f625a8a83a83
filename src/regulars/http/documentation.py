"""The documentation that the server carries: an index, and for each contract a document and a page."""

from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from litestar import Litestar, get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler

from regulars.http.access import PUBLIC
from regulars.http.answers import Answer, page_answer
from regulars.http.assets import Assets
from regulars.http.contract import Contract
from regulars.http.openapi import Content, Operation, build_document, documented_routes
from regulars.http.plain import PlainError, plain_errors
from regulars.http.requests import HttpRequest, services

VERSION = version("regulars")
ALL = "all"
"""The name under which the documents of all contracts are one."""

_HERE = Path(__file__).parent
_templates = Environment(
    loader=FileSystemLoader(_HERE / "templates"), autoescape=True, trim_blocks=True, lstrip_blocks=True
)


class Documentation:
    """The pages and documents about `contracts`."""

    def __init__(self, contracts: Sequence[Contract]) -> None:
        self._contracts = {contract.name: contract for contract in contracts}
        self._assets = Assets("/docs/assets", _HERE / "static", _HERE / "vendor" / "swagger-ui")
        # A document is made when it is asked for first, for it takes some milliseconds.
        self._document = lru_cache(maxsize=64)(self._build)

    def contract(self) -> Contract:
        """The documentation as something the application can serve."""
        return Contract(
            name="docs",
            title="Documentation",
            description="These pages and documents.",
            handlers=self._handlers(),
            paths=("/docs",),
            errors=plain_errors,
            error_body=PlainError,
        )

    def _handlers(self) -> list[HTTPRouteHandler]:
        page = Operation(summary="A page about the API", answers={200: Content(media_type="text/html")})
        document = Operation(summary="An OpenAPI document", answers={200: Content(kind=dict[str, Any])})

        @get("/docs", opt={"access": PUBLIC, "operation": page})
        async def docs_index(request: HttpRequest) -> Answer:
            return self._index(request.app)

        @get("/docs/openapi.json", opt={"access": PUBLIC, "operation": document})
        async def openapi_of_all(request: HttpRequest) -> Answer:
            return self._json(request, ALL)

        @get("/docs/{name:str}", opt={"access": PUBLIC, "operation": page})
        async def docs_of_contract(request: HttpRequest) -> Answer:
            return self._page(request.path_params["name"])

        @get("/docs/{name:str}/openapi.json", opt={"access": PUBLIC, "operation": document})
        async def openapi_of_contract(request: HttpRequest) -> Answer:
            return self._json(request, request.path_params["name"])

        @get("/docs/assets/{name:str}", opt={"access": PUBLIC, "operation": page})
        async def docs_asset(request: HttpRequest) -> Answer:
            answer = self._assets.answer(request, request.path_params["name"])
            if answer is None:
                raise NotFoundException
            return answer

        return [docs_index, openapi_of_all, docs_of_contract, openapi_of_contract, docs_asset]

    def _index(self, application: Litestar) -> Answer:
        entries = [
            {"contract": contract, "routes": len(documented_routes(application, [contract]))}
            for contract in self._contracts.values()
        ]
        html = _templates.get_template("docs_index.html").render(
            entries=[entry for entry in entries if entry["routes"]],
            style=self._assets.url("docs.css"),
            version=VERSION,
        )
        return page_answer(html)

    def _page(self, name: str) -> Answer:
        if name != ALL and name not in self._contracts:
            raise NotFoundException
        html = _templates.get_template("docs_contract.html").render(
            title="All contracts" if name == ALL else self._contracts[name].title,
            document="/docs/openapi.json" if name == ALL else f"/docs/{name}/openapi.json",
            style=self._assets.url("docs.css"),
            swagger_style=self._assets.url("swagger-ui.css"),
            swagger_script=self._assets.url("swagger-ui-bundle.js"),
            script=self._assets.url("docs.js"),
        )
        return page_answer(html)

    def _json(self, request: HttpRequest, name: str) -> Answer:
        if name != ALL and name not in self._contracts:
            raise NotFoundException
        server_url = services(request).settings.public_url or "/"
        return Answer(200, self._document(request.app, name, server_url))

    def _build(self, application: Litestar, name: str, server_url: str) -> bytes:
        if name == ALL:
            contracts = list(self._contracts.values())
            title, description = "Regulars", "Every contract this server speaks."
            number = VERSION
        else:
            contract = self._contracts[name]
            contracts = [contract]
            title, description, number = contract.title, contract.description, contract.version
        return build_document(
            application,
            contracts,
            title=title,
            description=description,
            version=number,
            server_url=server_url,
        )
