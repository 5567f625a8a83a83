"""A process that uses the embedded database until its standard input ends.

Run as `python -m tests.support.embedded_user DIRECTORY [USER]`; it prints the connection string once.
Started by root with a USER, it becomes that user first.
"""

import os
import pwd
import sys
from pathlib import Path

from regulars.db.embedded import EmbeddedPostgres


def become(name: str) -> None:
    """Gives up being root, for good."""
    entry = pwd.getpwnam(name)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        become(sys.argv[2])
    with EmbeddedPostgres(Path(sys.argv[1])) as embedded:
        print(embedded.conninfo, flush=True)
        sys.stdin.read()
