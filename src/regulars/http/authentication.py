"""Finds out who calls a route, and whether that caller may."""

from collections.abc import Mapping

import msgspec

from regulars.features.access.model import Caller
from regulars.http.access import Access, BearerToken, Presentation, SealedCookie
from regulars.http.failures import FailureKind, RequestRefused
from regulars.http.services import Services

_NOBODY = FailureKind.CREDENTIAL_MISSING
_UNKNOWN = FailureKind.CREDENTIAL_INVALID


async def caller_of_key(key: str, services: Services) -> Caller | None:
    """Who the key stands for, at most two seconds ago, or None. Raises DatabaseUnavailable."""
    return services.credentials.cached(key) or await services.credentials.resolve(key)


class Authentication:
    """Authenticates the callers of one route.

    Ways of presenting a key that could never open the route are not looked at.
    """

    def __init__(self, access: Access, presentations: tuple[Presentation, ...]) -> None:
        self._access = access
        self._presentations = tuple(
            presentation for presentation in presentations if _is_useful(presentation, access)
        )

    async def caller(self, headers: Mapping[bytes, bytes], method: str, services: Services) -> Caller | None:
        """Who calls, or None where the route is public and nobody has to be known.

        A credential that is unknown, expired or revoked counts as none where none is needed, and so does, on
        a public route, one that nobody can check now. One that is known but lacks the scope is refused even
        where the program asks for none. Raises RequestRefused and DatabaseUnavailable.
        """
        failure = _NOBODY
        for presentation in self._presentations:
            key = presentation.read(headers, method)
            if key is None:
                continue
            try:
                caller = await _bearer(presentation, key, services)
            except RequestRefused:
                # The issuer of a token cannot be asked for its keys.
                if not self._access.public:
                    raise
                return None
            if caller is not None:
                return self._permitted(_narrowed(caller, presentation))
            failure = _UNKNOWN
            break
        if self._access.public:
            return None
        if self._access.keyless_setting is None:
            raise RequestRefused(failure)
        return await self._keyless_caller(services, failure)

    def _permitted(self, caller: Caller) -> Caller:
        if not self._access.public and self._access.scopes.isdisjoint(caller.scopes):
            raise RequestRefused(FailureKind.ACCESS_DENIED)
        return caller

    async def _keyless_caller(self, services: Services, failure: FailureKind) -> Caller:
        """The caller that everyone is who shows no credential, if the program allows it."""
        program_id = await services.programs.default_program_id()
        if program_id is None:
            raise RequestRefused(failure)
        if services.settings.mode != "development":
            program = services.programs.cached(program_id) or await services.programs.get(program_id)
            # Anything but true, a text that says so included, leaves the route closed.
            if program is None or program.settings.get(self._access.keyless_setting or "") is not True:
                raise RequestRefused(failure)
        return Caller(program_id=program_id, credential_id=None, name="keyless", scopes=frozenset())


async def _bearer(presentation: Presentation, sent: str, services: Services) -> Caller | None:
    """Who sent this, or None for what is unknown, expired or revoked."""
    if isinstance(presentation, BearerToken):
        return await services.token_issuers.caller(sent, presentation)
    if not isinstance(presentation, SealedCookie):
        return await caller_of_key(sent, services)
    key = services.sealed_keys.opened(sent)
    return None if key is None else await caller_of_key(key, services)


def _is_useful(presentation: Presentation, access: Access) -> bool:
    if presentation.scopes is None or access.public:
        return True
    return not presentation.scopes.isdisjoint(access.scopes)


def _narrowed(caller: Caller, presentation: Presentation) -> Caller:
    """The caller with the scopes that a key may use when it is sent this way."""
    if presentation.scopes is None or caller.scopes <= presentation.scopes:
        return caller
    return msgspec.structs.replace(caller, scopes=caller.scopes & presentation.scopes)
