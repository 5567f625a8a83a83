"""The prepared database that a benchmark's servers work on, and the key to what is in it."""

import msgspec


class Ground(msgspec.Struct, frozen=True):
    """One program in a scratch database, and a key of it."""

    conninfo: str
    secret_key: str
    program_id: int
    key: str

    @property
    def environment(self) -> dict[str, str]:
        """The settings of a server that works here."""
        return {
            "REGULARS_DATABASE_URL": self.conninfo,
            "REGULARS_SECRET_KEY": self.secret_key,
            "REGULARS_LOG_LEVEL": "warning",
        }
