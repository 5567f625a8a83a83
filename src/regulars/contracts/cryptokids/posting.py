"""From a request to a posting: the claim of its idempotency key, its attribution, and what came of it."""

from hashlib import blake2b
from typing import Any
from uuid import UUID

import msgspec
from msgspec.structs import replace

from regulars.base.refusals import Refused
from regulars.contracts.cryptokids.answering import FAILED
from regulars.contracts.cryptokids.context import (
    Context,
    actor_of,
    find_member,
    find_or_enrol_member,
    origin_of,
)
from regulars.features.ledger.model import (
    AccountReference,
    Attribution,
    Claim,
    Command,
    Declined,
    Earn,
    Outcome,
    Posted,
    RefusalCode,
)
from regulars.http.requests import header

NOTE_LENGTH_MAX = 200
ACTION_LENGTH_MAX = 100
KEY_LENGTH_MAX = 255
FINGERPRINT_BYTES = 16

_encode = msgspec.json.Encoder().encode


def request_claim(context: Context, key_in_body: str | None, request: tuple[Any, ...]) -> Claim | None:
    """The claim of a request that carries an idempotency key, in the header or (second) in the body.

    `request` is all that makes it this request: the verb and the body as it is understood. Keys of
    different credentials do not meet. Raises Refused(FAILED) for a key of more than 255 characters.
    """
    key = _header_key(context) or key_in_body
    if not key:
        return None
    if len(key) > KEY_LENGTH_MAX:
        raise Refused(FAILED, field="idempotency_key")
    credential = context.caller.credential_id
    scope = f"request:{'keyless' if credential is None else credential}"
    return Claim(scope, key, blake2b(_encode(request), digest_size=FINGERPRINT_BYTES).digest())


def token_claim(jti: str) -> Claim:
    """The claim that lets a token have one effect, whoever brings it and however."""
    return Claim("token", jti, b"")


async def attribution(
    context: Context,
    source: str,
    *,
    note: str | None = None,
    reason: str | None = None,
    metadata: dict[str, Any] | None = None,
) -> Attribution:
    """Who asks for the posting, through what, and why."""
    origin = await origin_of(context)
    return Attribution(source, actor_of(context), reason, note, origin.origin_id, metadata)


async def post(context: Context, command: Command, *, bound: bool = False) -> Posted:
    """The posting, made now or earlier under the same claim. Raises Refused with the ledger's code.

    A remembered handle may be that of a member who was erased, however long ago; the ledger then shows a
    closed account, and the handle is looked up once more. Not so for a command that is `bound`: a hold or
    a token belongs to its member, not to whoever has the handle now.
    """
    outcome = await context.services.ledger.post(context.program_id, command)
    if outcome.account.closed and _is_outdated(context, outcome):
        context.member_id = None
        if bound:
            raise Refused(RefusalCode.ACCOUNT_CLOSED)
        outcome = await _post_once_more(context, command)
    context.account = outcome.account
    if isinstance(outcome, Posted):
        return outcome
    raise Refused(outcome.refusal.code, **outcome.refusal.details)


def cut_note(note: str | None) -> str | None:
    """The note as history keeps it: at most 200 characters, and none rather than an empty one."""
    return note.strip()[:NOTE_LENGTH_MAX] or None if note else None


def cut_action(action: str | None, default: str) -> str:
    """The action as history keeps it."""
    return action.strip()[:ACTION_LENGTH_MAX] or default if action else default


def read_uuid(text: str | None) -> UUID | None:
    """The UUID that a text spells, None when it spells none."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def _header_key(context: Context) -> str | None:
    key = header(context.request, "idempotency-key")
    if key is not None and len(key) >= 2 and key[0] == key[-1] == '"':
        return key[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    return key


def _is_outdated(context: Context, outcome: Outcome) -> bool:
    """Whether a closed account was posted to because its member has lost the handle.

    A claim is looked at before the account is, and may remember what an erased member did.
    """
    if context.only_for_posting:
        return True
    return isinstance(outcome, Declined) and outcome.refusal.code is RefusalCode.ACCOUNT_CLOSED


async def _post_once_more(context: Context, command: Command) -> Outcome:
    """The outcome for whoever has the handle now. An earn may make a member of it."""
    context.services.handles.forget(context.program_id, context.handle)
    find = find_or_enrol_member if isinstance(command, Earn) else find_member
    member_id = await find(context, context.handle)
    if member_id == command.account.member_id:
        raise Refused(RefusalCode.ACCOUNT_CLOSED)
    again = replace(command, account=AccountReference(member_id))
    return await context.services.ledger.post(context.program_id, again)
