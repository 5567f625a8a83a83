"""Every setting of the server, declared once: its name, type, limits, default and meaning.

A setting comes from the environment (`REGULARS_PORT`, or the name a published contract gives it),
from a TOML file (`port = 8000`) or from its default, in this order. `docs/settings.md` is printed
from the same table by `python -m regulars.settings`.
"""

import os
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from regulars.settings_secrets import generated_secret_key, weakness_of
from regulars.settings_sources import Secret, SettingsInvalid, gather, setting_of
from regulars.settings_vendors import VendorSettings

_SECRET = {"secret": True}
_DATABASE_AND_KEY = (
    "with REGULARS_DATABASE_URL, production needs REGULARS_SECRET_KEY: every machine has to have the same one"
)


class Settings(VendorSettings, frozen=True, kw_only=True):
    """All settings, checked. Made by `load_settings` and handed to whoever needs one.

    Those about Stripe, Apple and Google come with `VendorSettings`.
    """

    mode: Annotated[
        Literal["production", "development"],
        Meta(description="`development` lets contract endpoints that know no keys be called without one."),
    ] = "production"
    data_directory: Annotated[
        Path, Meta(description="Where the embedded database, the photos and the generated secret key live.")
    ] = Path("regulars-data")
    database_url: Annotated[
        Secret | None,
        Meta(
            description="A PostgreSQL of your own, version 15 or newer, as a URL or a libpq connection "
            "string. Without it, Regulars runs its own PostgreSQL in the data directory.",
            extra=_SECRET,
        ),
    ] = None
    secret_key: Annotated[
        Secret | None,
        Meta(
            description="What API keys are hashed and links are signed with: 32 characters or more, random. "
            "Without it, one is generated into `secret.key` in the data directory; "
            "in production with a database of your own it is required.",
            extra=_SECRET,
        ),
    ] = None
    host: Annotated[str, Meta(description="The address to listen on.", min_length=1)] = "127.0.0.1"
    port: Annotated[int, Meta(description="The port to listen on; 0 takes a free one.", ge=0, le=65535)] = (
        8000
    )
    workers: Annotated[
        int, Meta(description="Processes that answer requests; one uses about one core.", ge=1)
    ] = 1
    jobs: Annotated[bool, Meta(description="Whether the server runs background jobs itself.")] = True
    public_url: Annotated[
        Annotated[str, Meta(pattern=r"^https?://[^/\s]+(/[^\s]*)?$")] | None,
        Meta(
            description="How the server is reached from outside, for links and QR codes; "
            "without it, the address a request came to is used.",
        ),
    ] = None
    trusted_proxies: Annotated[
        tuple[str, ...],
        Meta(description="Addresses or networks of the proxies whose `X-Forwarded-For` is believed."),
    ] = ()
    log_format: Annotated[
        Literal["console", "json"], Meta(description="How log lines look: for people or for machines.")
    ] = "console"
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Meta(description="The least important log line that is shown."),
    ] = "info"
    connections_max: Annotated[
        int, Meta(description="Database connections of one process, at most.", ge=2, le=1000)
    ] = 10
    acquire_timeout_seconds: Annotated[
        float, Meta(description="How long a request waits for a free database connection.", gt=0)
    ] = 5.0
    statement_timeout_seconds: Annotated[
        float, Meta(description="How long one database statement may take.", gt=0)
    ] = 10.0
    request_bytes_max: Annotated[
        int, Meta(description="The largest body of a request that carries no photo.", ge=1024)
    ] = 1_000_000
    request_seconds_max: Annotated[
        float,
        Meta(
            description="How long the body of a request may take to arrive; "
            "a photo of 10 MB on a slow line takes 80 seconds.",
            gt=0,
        ),
    ] = 120.0
    photo_store_url: Annotated[
        str | None,
        Meta(
            description="Where photos are kept, such as `s3://bucket/prefix`; without it, the data directory."
        ),
    ] = None
    photo_bytes_max: Annotated[int, Meta(description="The largest photo that is taken in.", ge=1024)] = (
        10_000_000
    )
    photo_pixels_max: Annotated[
        int, Meta(description="The most pixels a photo may have.", ge=1, le=50_000_000)
    ] = 50_000_000
    photo_edge_pixels_max: Annotated[
        int, Meta(description="Photos are made smaller until no edge is longer.", ge=64)
    ] = 2048
    thumbnail_edge_pixels_max: Annotated[int, Meta(description="The same for their thumbnails.", ge=16)] = 600
    photo_workers: Annotated[
        Annotated[int, Meta(ge=1, le=16)] | None,
        Meta(
            description="Photos that one process decodes at a time; without it, all processes together "
            "decode as many as the machine has cores, four for each process at most.",
        ),
    ] = None
    webhooks_to_private_addresses: Annotated[
        bool,
        Meta(
            description="Whether webhooks may go to this machine and to private networks, and without TLS. "
            "Whoever adds endpoints then reaches everything that the server reaches.",
        ),
    ] = False
    feature_refunds: Annotated[
        bool,
        Meta(
            description="CryptoKids: whether refunds are possible, where a program has not set it.",
            extra={"environment": "FEATURE_REFUNDS"},
        ),
    ] = True
    ck_refund_window_days: Annotated[
        Annotated[int, Meta(ge=0)] | None,
        Meta(
            description="CryptoKids: how many days after a redemption it can be refunded, where a program "
            "has not set it; without it, for ever.",
            extra={"environment": "CK_REFUND_WINDOW_DAYS"},
        ),
    ] = None
    membership_link_signing_secret: Annotated[
        Secret | None,
        Meta(
            description="Sessions: what membership links are signed with, where a program has not set it.",
            extra=_SECRET | {"environment": "MEMBERSHIP_LINK_SIGNING_SECRET"},
        ),
    ] = None

    def __post_init__(self) -> None:
        problems = _proxy_problems(self.trusted_proxies)
        if self.mode == "production":
            problems += _production_problems(self)
        if problems:
            raise SettingsInvalid(problems)


def load_settings(
    environ: Mapping[str, str] | None = None, toml_path: Path | None = None, **overrides: Any
) -> Settings:
    """The settings in force, all of them checked.

    `environ` is the process's own when not given, `toml_path` the file that REGULARS_CONFIG names.
    `overrides` are settings that the command line gives; those that are None were not given.
    Raises SettingsInvalid, which lists every problem at once.
    """
    environment = os.environ if environ is None else environ
    if toml_path is None and environment.get("REGULARS_CONFIG"):
        toml_path = Path(environment["REGULARS_CONFIG"])
    given = gather(Settings, environment, toml_path)
    given |= {name: value for name, value in overrides.items() if value is not None}
    problems: list[str] = []
    for field in msgspec.structs.fields(Settings):
        if field.name in given:
            try:
                given[field.name] = msgspec.convert(
                    given[field.name], field.type, strict=False, dec_hook=_decode
                )
            except (msgspec.ValidationError, ValueError) as error:
                problems.append(f"{setting_of(field).environment}: {error}")
    if problems:
        raise SettingsInvalid(problems)
    return Settings(**given)


def with_secret_key(settings: Settings) -> Settings:
    """The same settings with a secret key for certain: the one given, or the data directory's own."""
    if settings.secret_key is not None:
        return settings
    return msgspec.structs.replace(settings, secret_key=generated_secret_key(settings.data_directory))


def settings_page() -> str:
    """The page docs/settings.md, made from the declarations above."""
    rows = [
        "| environment | TOML | default | meaning |",
        "| --- | --- | --- | --- |",
    ]
    vendors = msgspec.structs.fields(VendorSettings)
    ours = [field for field in msgspec.structs.fields(Settings) if field not in vendors]
    for field in (*ours, *vendors):
        setting = setting_of(field)
        secret = f" A secret: `{setting.environment}_FILE` may name a file that holds it."
        meaning = setting.help + (secret if setting.secret else "")
        rows.append(
            f"| `{setting.environment}` | `{field.name}` | {_shown_default(field.default)} | {meaning} |"
        )
    return _PAGE_HEAD + "\n".join(rows) + "\n"


_PAGE_HEAD = """\
# Settings

<!-- Made by `make docs` from src/regulars/settings.py; changes belong there. -->

A setting is taken from the command line, from the environment, from the TOML file that
`REGULARS_CONFIG` names, or from its default, in this order. An empty variable counts as not set.
A name that is not in this table is an error, and so is a value out of its limits. Lists are
separated by commas in the environment.

"""


def _production_problems(settings: Settings) -> list[str]:
    problems = []
    if settings.database_url is not None and settings.secret_key is None:
        problems.append(_DATABASE_AND_KEY)
    for name, secret, length_min in (
        ("REGULARS_SECRET_KEY", settings.secret_key, 32),
        ("MEMBERSHIP_LINK_SIGNING_SECRET", settings.membership_link_signing_secret, 16),
        ("STRIPE_WEBHOOK_SECRET", settings.stripe_webhook_secret, 16),
        ("REGULARS_SHOPIFY_WEBHOOK_SECRET", settings.shopify_webhook_secret, 16),
    ):
        weakness = None if secret is None else weakness_of(secret, length_min)
        if weakness:
            problems.append(f"{name}: {weakness}, which production refuses")
    return problems


def _proxy_problems(proxies: tuple[str, ...]) -> list[str]:
    problems = []
    for proxy in proxies:
        try:
            ip_network(proxy)
        except ValueError as error:
            problems.append(f"REGULARS_TRUSTED_PROXIES: {error}")
    return problems


def _decode(kind: Any, value: Any) -> Any:
    """The types that msgspec does not know, from what a TOML file or a variable can hold."""
    if not isinstance(value, str | Path):
        raise ValueError(f"expected text, got {type(value).__name__}")
    return kind(value)


def _shown_default(default: Any) -> str:
    if default is None or default == ():
        return "none"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


if __name__ == "__main__":
    print(settings_page(), end="")
