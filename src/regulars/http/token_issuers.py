"""Callers who show a signed token (a JWT, RFC 7519) that somebody else has issued, such as a shop's kiosks.

A program names its issuer in three settings, for the contract `sessions`: `sessions.jwks_url`,
`sessions.jwt_issuer` and `sessions.jwt_audience`. A token says by its issuer and audience which program it is
for, and counts for nothing where two programs name the same ones. Where tokens are about somebody, a secret
that the issuer and the program share may stand in place of the keys.
"""

import re
from typing import Any

import jwt
import msgspec

from regulars.base.clock import Clock, utc_now
from regulars.base.read_through import ReadThrough
from regulars.base.setting_kinds import Kind, SecretText, Text
from regulars.base.setting_kinds_web import Address
from regulars.base.stored_settings import Holder, StoredSetting
from regulars.db.database import Database
from regulars.features.access.actions import list_programs
from regulars.features.access.caches import LocationCache
from regulars.features.access.model import Caller, Program
from regulars.features.access.sealing import SettingSeal
from regulars.http.access import BearerToken
from regulars.http.token_keys import Fetch, TokenKeys, fetch_document

LEEWAY_SECONDS = 30
"""How far the clock of an issuer may be off."""
LOCATION_CLAIM = "venue_id"
"""A token may name the one location that it is for, by its slug."""

SHARED_ALGORITHM = "HS256"
"""What a shared secret signs with, and nothing else: a key of a key set never does (RFC 8725, 3.1)."""
SECRET_LENGTH_MIN = 32
SUBJECT_LENGTH_MAX = 200

_SETTINGS_LIFETIME_SECONDS = 2.0
_SETTINGS: tuple[tuple[str, Kind[str], str], ...] = (
    ("jwks_url", Address(), "Where the keys are (a JWKS document) that the issuer signs tokens with."),
    (
        "jwt_issuer",
        Text(200),
        "Who issues tokens: their claim `iss`. All three are needed for tokens to work.",
    ),
    ("jwt_audience", Text(200), "Whom tokens are for: their claim `aud`, which no other program may share."),
)
_SEGMENTS = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)


def issuer_settings(prefix: str) -> tuple[StoredSetting[str | None], ...]:
    """What a program sets to name a contract's issuer: the address of its keys, its name, its audience."""
    return tuple(
        StoredSetting(
            name=f"{prefix}.{name}", holder=Holder.PROGRAM, kind=kind, default=None, meaning=meaning
        )
        for name, kind, meaning in _SETTINGS
    )


def secret_setting(prefix: str) -> StoredSetting[str | None]:
    """What a program sets where its issuer signs with a secret that both know."""
    return StoredSetting(
        name=f"{prefix}.jwt_secret",
        holder=Holder.PROGRAM,
        kind=SecretText(SECRET_LENGTH_MIN),
        default=None,
        meaning=f"What the issuer signs tokens with ({SHARED_ALGORITHM}), in place of keys or beside them.",
    )


class _Issuer(msgspec.Struct, frozen=True):
    """Who signs for a program, as the program's settings name it: with keys, with a secret, or either."""

    program_id: int
    keys_url: str | None
    secret: str | None
    name: str
    audience: str


_ByName = dict[tuple[str, str], list[_Issuer]]


class TokenIssuers:
    """Tells who the bearer of a token is."""

    def __init__(
        self,
        database: Database,
        locations: LocationCache,
        seal: SettingSeal,
        *,
        clock: Clock = utc_now,
        allows_plain_http: bool = False,
        fetch: Fetch = fetch_document,
    ) -> None:
        self._database = database
        self._locations = locations
        self._seal = seal
        self._clock = clock
        self._schemes = ("https://", "http://") if allows_plain_http else ("https://",)
        self._keys = TokenKeys(fetch)
        self._issuers: ReadThrough[str, _ByName] = ReadThrough(
            size_max=16, lifetime_seconds=_SETTINGS_LIFETIME_SECONDS
        )

    async def caller(self, token: str, presentation: BearerToken) -> Caller | None:
        """Who the token stands for, or None for one that is not valid here and now.

        Raises RequestRefused(UNAVAILABLE) when its issuer's keys cannot be had, and DatabaseUnavailable.
        """
        unchecked = _unchecked(token)
        if unchecked is None:
            return None
        header, claims = unchecked
        issuer = await self._issuer(claims, presentation)
        if issuer is None:
            return None
        key = await self._key(issuer, header)
        if key is None or not _is_signed(token, header["alg"], key, issuer):
            return None
        return await self._bearer(claims, issuer, presentation) if self._is_current(claims) else None

    async def _key(self, issuer: _Issuer, header: dict[str, Any]) -> Any:
        """What the token has to be signed with; None when there is nothing that signs so.

        The algorithm alone says which: a secret is never looked for among keys, nor a key used as a secret.
        """
        if header["alg"] == SHARED_ALGORITHM:
            return issuer.secret
        if issuer.keys_url is None:
            return None
        key = await self._keys.get(issuer.keys_url, header.get("kid"), header["alg"])
        return None if key is None else key.public_key

    async def _issuer(self, claims: dict[str, Any], presentation: BearerToken) -> _Issuer | None:
        """The only issuer that the claims fit, of the issuers that programs have named."""
        issuers = await self._issuers.get(presentation.settings, lambda: self._load(presentation)) or {}
        audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        if not all(isinstance(audience, str) for audience in audiences):
            return None
        fitting = [
            issuer for audience in set(audiences) for issuer in issuers.get((claims["iss"], audience), ())
        ]
        return fitting[0] if len(fitting) == 1 else None

    async def _load(self, presentation: BearerToken) -> _ByName:
        async with self._database.connection() as connection:
            programs = await list_programs(connection)
        issuers: _ByName = {}
        for program in programs:
            if (issuer := self._issuer_of(program, presentation)) is not None:
                issuers.setdefault((issuer.name, issuer.audience), []).append(issuer)
        return issuers

    def _issuer_of(self, program: Program, presentation: BearerToken) -> _Issuer | None:
        """What the program has set, if all of it is there and its keys come over a line nobody can change."""
        prefix, stored = presentation.settings, self._seal.opened(program)
        url, name, audience = (setting.read_from(stored) for setting in issuer_settings(prefix))
        secret = secret_setting(prefix).read_from(stored) if presentation.of_subjects else None
        if url is not None and not url.startswith(self._schemes):
            url = None
        if secret is not None and len(secret) < SECRET_LENGTH_MIN:
            secret = None
        if name is None or audience is None or (url is None and secret is None):
            return None
        return _Issuer(program.program_id, url, secret, name, audience)

    def _is_current(self, claims: dict[str, Any]) -> bool:
        """Whether the token has begun and not yet ended. One without an end is none."""
        now = self._clock().timestamp()
        moments: list[Any] = [claims.get("exp"), claims.get("nbf", 0), claims.get("iat", 0)]
        if not all(type(moment) in (int, float) for moment in moments):
            return False
        ends, begins, issued = moments
        return bool(now < ends + LEEWAY_SECONDS and max(begins, issued) <= now + LEEWAY_SECONDS)

    async def _bearer(
        self, claims: dict[str, Any], issuer: _Issuer, presentation: BearerToken
    ) -> Caller | None:
        if presentation.of_subjects:
            return _subject(claims, issuer, presentation)
        location_id = None
        if LOCATION_CLAIM in claims:
            slug = claims[LOCATION_CLAIM]
            location = (
                await self._locations.get_by_slug(issuer.program_id, slug) if isinstance(slug, str) else None
            )
            if location is None:
                return None
            location_id = location.location_id
        return Caller(
            program_id=issuer.program_id,
            credential_id=None,
            name="token",
            scopes=presentation.scopes,
            location_id=location_id,
        )


def _subject(claims: dict[str, Any], issuer: _Issuer, presentation: BearerToken) -> Caller | None:
    """Whom the token is about (the claim `sub`); a token about nobody is none."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject.isprintable():
        return None
    if not 1 <= len(subject.strip()) <= SUBJECT_LENGTH_MAX:
        return None
    return Caller(
        program_id=issuer.program_id,
        credential_id=None,
        name="token",
        scopes=presentation.scopes,
        subject=subject.strip(),
    )


def _unchecked(token: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """The header and the claims as they are written, signed or not; None when no token looks like this.

    Whatever else a header says of keys (`jwk`, `jku`, `x5u`) is not listened to.
    """
    if not _SEGMENTS.fullmatch(token):
        return None
    try:
        unchecked = jwt.decode_complete(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError):
        return None
    header, claims = unchecked["header"], unchecked["payload"]
    has_texts = isinstance(header.get("alg"), str) and isinstance(header.get("kid"), str | None)
    # What an extension of the standard would demand is not known here, so nothing may demand it.
    if not has_texts or "crit" in header:
        return None
    return (header, claims) if isinstance(claims.get("iss"), str) and "aud" in claims else None


def _is_signed(token: str, algorithm: str, key: Any, issuer: _Issuer) -> bool:
    """Whether the key has signed the token, under the algorithm that belongs to the key."""
    try:
        jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=issuer.audience,
            issuer=issuer.name,
            # Times are compared with the server's clock afterwards.
            options={
                "require": ["exp", "iss", "aud"],
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
            },
        )
    except (jwt.PyJWTError, TypeError, ValueError):
        return False
    return True
