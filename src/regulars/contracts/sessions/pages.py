"""What this contract's pages have in common: templates, style, a venue's colours, and pages that say no.

They work without any script, and nothing but a venue's logo is loaded from elsewhere.
"""

from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import get
from markupsafe import Markup

from regulars.base.refusals import Refused
from regulars.contracts.sessions.colors import Theme, theme_of
from regulars.http.access import PUBLIC
from regulars.http.answers import Answer, page_answer
from regulars.http.assets import Assets
from regulars.http.openapi import Content, Operation
from regulars.http.requests import HttpRequest

NEUTRAL = theme_of("#1f2937", "#4f46e5")
"""The colours of pages that belong to no venue."""

_HERE = Path(__file__).parent
_ASSETS = Assets("/wallet/style", _HERE / "static")
_TEMPLATES = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render_page(
    template: str,
    status: int = 200,
    *,
    theme: Theme = NEUTRAL,
    logo_url: str | None = None,
    has_form: bool = False,
    **values: Any,
) -> Answer:
    """The page of a template in a venue's colours. `logo_url` is the one picture that it may load.

    One that `has_form` tells us that a form was sent from it.
    """
    css = theme_css(theme)
    html = _TEMPLATES.get_template(template).render(
        style=_ASSETS.url,
        theme_css=Markup(css),  # noqa: S704 (made of checked colours)
        theme=theme,
        logo_url=logo_url,
        **values,
    )
    return page_answer(html, status, policy=page_policy(css, logo_url), has_form=has_form)


def notice(status: int, title: str, sentence: str, *, hint: str = "", back: str = "") -> Answer:
    """A page that says why there is nothing to see, what can be done, and where to go back to."""
    return render_page("notice.html", status, title=title, sentence=sentence, hint=hint, back=back)


def theme_css(theme: Theme) -> str:
    """The venue's colours as the style sheet uses them, in light and in dark."""
    common = {
        "primary": theme.primary,
        "primary-deep": theme.primary_deep,
        "on-primary": theme.on_primary,
        "accent": theme.accent,
        "on-accent": theme.on_accent,
        "card-bar": theme.accent_on_primary,
    }
    light = {"link": theme.link_light, "bar": theme.bar_light}
    dark = {"link": theme.link_dark, "bar": theme.bar_dark}
    return (
        f":root{{{_declared({**common, **light})}}}"
        f"@media (prefers-color-scheme:dark){{:root{{{_declared(dark)}}}}}"
    )


def page_policy(css: str, logo_url: str | None) -> str:
    """The content security policy of a page: this very style, our own files, the logo, and nothing else."""
    digest = b64encode(sha256(css.encode()).digest()).decode()
    images = "'self' data:" + (f" {origin}" if (origin := _origin(logo_url)) else "")
    return (
        f"default-src 'none'; script-src 'none'; style-src 'self' 'sha256-{digest}'; img-src {images}; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


@get(
    "/wallet/style/{name:str}",
    opt={
        "access": PUBLIC,
        "operation": Operation(
            summary="Fetch the style of the pages",
            answers={200: Content("The file.", media_type="text/css"), 404: None},
        ),
    },
)
async def show_style(request: HttpRequest) -> Answer:
    """A file of the pages."""
    answer = _ASSETS.answer(request, request.path_params["name"])
    if answer is None:
        raise Refused("not_found")
    return answer


def _declared(values: dict[str, str]) -> str:
    return ";".join(f"--{name}:{value}" for name, value in values.items())


def _origin(url: str | None) -> str | None:
    """Where a logo lies, if that can be named in a policy."""
    if url is None:
        return None
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname or not parts.netloc.isascii():
        return None
    return f"https://{parts.netloc}" if not set(parts.netloc) & set(" ;,'\"@") else None
