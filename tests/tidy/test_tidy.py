"""What a review would otherwise have to say again and again."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.tidy.source import SourceFile, source_files

LINES_OF_FILE_MAX = 300
LINES_OF_FUNCTION_MAX = 60
DRAWERS = {"utils", "util", "helpers", "helper", "common", "misc", "shared", "tools"}

# A test waits for an event, looking again and again if it must. Where only time itself can be waited
# for, or a sleeping coroutine is what is tested, the reason stands here.
SLEEPS: dict[str, str] = {
    "tests/contracts/cryptokids/test_history_downloads.py": "slow readers leave time to read ahead of them",
    "tests/crash/test_kill_postgres.py": "clients write for a while before, during and after the failure",
    "tests/crash/test_kill_server.py": "clients write for a while, and the server dies at any moment of it",
    "tests/crash/test_restart.py": "clients write for a while before and after the restart",
    "tests/races/test_http_crossings.py": "holds lapse, and requests arrive around that moment",
    "tests/races/test_http_idempotency.py": "clients hang up at any moment of their request",
    "tests/races/test_http_referrals_again.py": "shops hang up at any moment of their request",
    "tests/rules/test_read_through.py": "slow loads overlap, and entries grow old",
    "tests/store/test_access_credentials.py": "a cached answer has to grow old",
    "tests/store/test_photos_decoders.py": "decoders hang, and are given up or abandoned meanwhile",
    "tests/store/test_photos_storage.py": "a reader is slow",
    "tests/store/test_telemetry.py": "the flush has to come by itself, or must not come at all",
    "tests/support/till.py": "workers take in what was sent, which nobody outside them can see",
}

SQL = re.compile(r"\b(select|insert into|update|delete from|returning|where|from|order by|values)\b")


def test_files_are_short() -> None:
    lines = {file.name: file.text.count("\n") for file in source_files()}
    assert {name: count for name, count in lines.items() if count > LINES_OF_FILE_MAX} == {}


def test_functions_are_short() -> None:
    lines = {
        f"{file.name}: {function.name}": (function.end_lineno or 0) - function.lineno + 1
        for file in source_files()
        for function in _functions(file.tree)
    }
    assert {name: count for name, count in lines.items() if count > LINES_OF_FUNCTION_MAX} == {}


def test_no_file_is_a_drawer() -> None:
    drawers = [file.name for file in source_files() if set(re.split(r"[/_.]", file.name)) & DRAWERS]
    assert drawers == [], "a file is named for what it does"


def test_no_module_is_dead() -> None:
    files = source_files()
    everything = {file.module: file.text for file in files}
    mentioned = {name for file in files for name in _mentioned_modules(file)}
    dead = [
        file.name
        for file in files
        if file.module not in mentioned
        and file.name.rsplit("/", maxsplit=1)[-1] not in mentioned
        and not _is_entry(file.module)
        and not _is_package(file.module, everything)
    ]
    assert dead == []


def test_every_test_file_asserts_something() -> None:
    silent = [file.name for file in _test_files() if not _asserts(file)]
    assert silent == []


def test_tests_do_not_sleep() -> None:
    sleeping = {
        file.name: sleeps
        for file in source_files()
        if file.name.startswith("tests/") and (sleeps := _sleeps_outside_loops(file.tree))
    }
    assert sleeping.keys() - SLEEPS.keys() == set(), sleeping
    assert SLEEPS.keys() - sleeping.keys() == set(), "these no longer sleep"


def test_what_is_longer_in_a_soak_is_part_of_it() -> None:
    files = source_files()
    sizes = {file.module for file in files if "tests.support.soak" in _mentioned_modules(file)}
    sized = [file for file in _test_files() if sizes.intersection([file.module, *_mentioned_modules(file)])]
    assert [file.name for file in sized if "pytestmark = as_long_as_asked" not in file.text] == []


def test_sql_is_never_formatted() -> None:
    formatted = {
        file.name: lines
        for file in source_files()
        if re.match(r"src/regulars/features/\w+/store", file.name)
        and (lines := [getattr(node, "lineno", 0) for node in ast.walk(file.tree) if _is_formatted_sql(node)])
    }
    assert formatted == {}, "bind the value, or write the statement out"


def _test_files() -> list[SourceFile]:
    return [file for file in source_files() if file.name.rsplit("/", maxsplit=1)[-1].startswith("test_")]


def _asserts(file: SourceFile) -> bool:
    return "pytest.raises" in file.text or any(isinstance(node, ast.Assert) for node in ast.walk(file.tree))


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _mentioned_modules(file: SourceFile) -> Iterator[str]:
    """Modules that a file imports, and modules and files that it names for others to run."""
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from re.findall(r"\b(?:regulars|tests)(?:\.\w+)+|\b\w+\.py\b", node.value)


def _is_entry(module: str) -> bool:
    """Whether something outside Python calls the module: a person, pytest or alembic."""
    last = module.rsplit(".", maxsplit=1)[-1]
    return last in ("__main__", "conftest", "env") or last.startswith("test_") or ".versions." in module


def _is_package(module: str, everything: dict[str, str]) -> bool:
    return any(other.startswith(module + ".") for other in everything) or not everything[module].strip()


def _sleeps_outside_loops(tree: ast.AST) -> list[int]:
    """The lines that sleep without looking again afterwards, as a while loop does."""
    found = []
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.While):
            continue
        if isinstance(child, ast.Call) and _is_sleep(child):
            found.append(child.lineno)
        found += _sleeps_outside_loops(child)
    return found


def _is_sleep(call: ast.Call) -> bool:
    """Any sleep but sleep(0), which only lets other coroutines run."""
    seconds = call.args[0] if call.args else None
    is_zero = isinstance(seconds, ast.Constant) and seconds.value == 0
    return bool(re.fullmatch(r"(\w+\.)?sleep", ast.unparse(call.func))) and not is_zero


def _is_formatted_sql(node: ast.AST) -> bool:
    if isinstance(node, ast.JoinedStr):
        return any(_says_sql(part) for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        return _says_sql(node.left)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        return _says_sql(node.func.value)
    return False


def _says_sql(node: ast.AST) -> bool:
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return is_text and bool(SQL.search(str(getattr(node, "value", "")).lower()))


def test_the_whole_suite_is_run() -> None:
    """`make test` names its folders, because some have the machine to themselves; `make check` runs these."""
    folders = {f"tests/{path.parent.name}" for path in Path("tests").glob("*/test_*.py")}
    makefile = Path("Makefile").read_text()
    recipe = makefile.partition("ifeq ($(ARGS),)")[2].partition("else")[0]
    assert set(re.findall(r"tests/\w+", recipe)) == folders - {"tests/tidy"}
    assert "--dist worksteal" in makefile, "by file, tests of one name are left out without a word"
