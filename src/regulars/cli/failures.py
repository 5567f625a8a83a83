"""How a command ends badly: one line that says what to do, and an exit code that scripts can tell apart."""

import os
import sys
from collections.abc import Callable
from enum import IntEnum


class ExitCode(IntEnum):
    """What the exit code of a command means."""

    DONE = 0
    FAILED = 1
    """The command ran and was refused, or found faults (`verify`)."""
    USAGE = 2
    """Wrong options, or settings that must not be used."""
    DATABASE = 3
    """The database cannot be started, reached or used."""
    ADDRESS = 4
    """The host and port cannot be listened on."""
    INTERRUPTED = 130


class CommandFailed(Exception):
    """Ends a command with one line on the error stream, which says what is wrong and what to do."""

    def __init__(self, message: str, exit_code: ExitCode = ExitCode.FAILED) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def exit_code_of_failures(command: Callable[[], object]) -> int:
    """The exit code of `command`, its failure written as one line.

    REGULARS_LOG_LEVEL=debug in the environment shows where a failure came from.
    """
    try:
        result = command()
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away, as `head` does; there is nobody to tell.
        sys.stdout = None
        return ExitCode.DONE
    except Exception as error:
        if os.environ.get("REGULARS_LOG_LEVEL") == "debug":
            raise
        message, exit_code = explain(error)
        print(f"regulars: {message}", file=sys.stderr)
        return exit_code
    return result if isinstance(result, int) else ExitCode.DONE


def explain(error: Exception) -> tuple[str, ExitCode]:
    """What to tell the operator about `error`, on one line, and the exit code that goes with it."""
    if isinstance(error, CommandFailed):
        return one_line(error), error.exit_code
    # Imported here, because these libraries are only worth loading when something has failed.
    from cyclopts import CycloptsError

    from regulars.base.refusals import Refused
    from regulars.cli.refusals import sentence_of
    from regulars.db.cluster import PostgresFailed
    from regulars.db.database import DatabaseMisconfigured, DatabaseUnavailable
    from regulars.settings_sources import SettingsInvalid

    if isinstance(error, CycloptsError):
        return f"{one_line(error)} (--help shows what there is)", ExitCode.USAGE
    if isinstance(error, DatabaseUnavailable | DatabaseMisconfigured | PostgresFailed):
        return one_line(error), ExitCode.DATABASE
    if isinstance(error, SettingsInvalid):
        return one_line(error), ExitCode.USAGE
    if isinstance(error, Refused):
        return sentence_of(error), ExitCode.FAILED
    kind = type(error).__name__
    return f"unexpected {kind}: {one_line(error)} (REGULARS_LOG_LEVEL=debug shows where)", ExitCode.FAILED


def one_line(error: Exception) -> str:
    """The error's message without line breaks, its type when it has no message."""
    return " ".join(str(error).split()) or type(error).__name__
