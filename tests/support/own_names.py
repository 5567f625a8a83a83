"""Names of hosts that mean what a test says, for the processes that are started with them, and may change.

It is a hosts file in place of the machine's, which the system's resolver reads anew for each name. Run as
`python -m tests.support.own_names FILE`, it is the process that holds it there.
"""

import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support.own_mounts import hold, leave_the_mounts_of_others, mount_file, own_mounts

_MACHINE_S = "127.0.0.1 localhost\n::1 localhost\n"


class OwnNames:
    """Names and what they mean at the moment; `prefix` goes before a command that is to know them."""

    def __init__(self, file: Path, prefix: list[str]) -> None:
        self.prefix = prefix
        self._file = file

    def mean(self, names: Mapping[str, str]) -> None:
        """From now on each of the names leads to these addresses, with spaces between them."""
        lines = [f"{address} {name}\n" for name, found in names.items() for address in found.split()]
        self._file.write_text(_MACHINE_S + "".join(lines))


@contextmanager
def own_names() -> Iterator[OwnNames]:
    """Names that mean nothing yet. Skips the test as `own_mounts` does."""
    with tempfile.TemporaryDirectory(prefix="regulars-names-") as directory:
        file = Path(directory) / "hosts"
        file.write_text(_MACHINE_S)
        file.chmod(0o644)
        with own_mounts("tests.support.own_names", str(file)) as mounts:
            yield OwnNames(file, mounts.prefix)


if __name__ == "__main__":
    leave_the_mounts_of_others()
    mount_file(sys.argv[1], "/etc/hosts")
    hold()
