"""What a server does about secrets of programs that earlier versions stored as text."""

from regulars.db.database import Connection
from regulars.features.access import store
from regulars.features.access.sealing import SettingSeal, plain_secrets


async def seal_plain_secrets(connection: Connection, seal: SettingSeal) -> int:
    """How many were sealed; what is set or sealed by others meanwhile stays as it is."""
    count = 0
    for program in await store.select_programs(connection):
        for name, secret in plain_secrets(program.settings).items():
            plain = {name: secret}
            sealed = seal.sealed(program.program_id, plain)
            count += await store.replace_program_settings(connection, program.program_id, plain, sealed)
    return count
