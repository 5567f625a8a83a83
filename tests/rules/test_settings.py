"""Settings: where they come from, what is refused, and that the page about them is up to date."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from regulars.settings import Settings, load_settings, settings_page, with_secret_key
from regulars.settings_secrets import generated_secret_key, weakness_of
from regulars.settings_sources import SettingsInvalid

STRONG = "kN8vQ2xLr5TzWc9YbHf3JmPs7UdGa4Ee"
PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


@pytest.mark.parametrize(
    ("environ", "name", "expected"),
    [
        ({}, "port", 8000),
        ({"REGULARS_PORT": "9000"}, "port", 9000),
        ({"REGULARS_PORT": ""}, "port", 8000),
        ({}, "mode", "production"),
        ({"REGULARS_MODE": "development"}, "mode", "development"),
        ({"REGULARS_DATA_DIRECTORY": "/srv/loyalty"}, "data_directory", Path("/srv/loyalty")),
        ({"REGULARS_JOBS": "off"}, "jobs", False),
        ({"REGULARS_ACQUIRE_TIMEOUT_SECONDS": "0.5"}, "acquire_timeout_seconds", 0.5),
        ({"REGULARS_TRUSTED_PROXIES": "10.0.0.0/8, ::1"}, "trusted_proxies", ("10.0.0.0/8", "::1")),
        ({"REGULARS_DATABASE_URL": "host=/run", "REGULARS_SECRET_KEY": STRONG}, "database_url", "host=/run"),
        ({}, "ck_refund_window_days", None),
        ({"CK_REFUND_WINDOW_DAYS": "14"}, "ck_refund_window_days", 14),
        ({"CK_REFUND_WINDOW_DAYS": ""}, "ck_refund_window_days", None),
        ({}, "feature_refunds", True),
        ({"FEATURE_REFUNDS": "false"}, "feature_refunds", False),
        ({"FEATURE_REFUNDS": "FALSE"}, "feature_refunds", False),
        ({"FEATURE_REFUNDS": "0"}, "feature_refunds", False),
        ({"FEATURE_REFUNDS": "no"}, "feature_refunds", False),
        ({"MEMBERSHIP_LINK_SIGNING_SECRET": STRONG}, "membership_link_signing_secret", STRONG),
        ({"REGULARS_URL": "http://127.0.0.1:8000"}, "host", "127.0.0.1"),
    ],
)
def test_what_the_environment_says(environ: dict[str, str], name: str, expected: Any) -> None:
    assert getattr(load_settings(environ), name) == expected


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"REGULARS_PROT": "9000"}, "there is no setting REGULARS_PROT; did you mean REGULARS_PORT?"),
        ({"REGULARS_XYZZY": "1"}, "there is no setting REGULARS_XYZZY"),
        ({"REGULARS_PORT": "70000"}, "REGULARS_PORT: Expected `int` <= 65535"),
        ({"REGULARS_PORT": "many"}, "REGULARS_PORT: Expected `int`"),
        ({"REGULARS_MODE": "prod"}, "REGULARS_MODE"),
        ({"FEATURE_REFUNDS": "perhaps"}, "FEATURE_REFUNDS: Expected `bool`"),
        ({"CK_REFUND_WINDOW_DAYS": "-1"}, "CK_REFUND_WINDOW_DAYS: Expected `int` >= 0"),
        ({"REGULARS_PUBLIC_URL": "loyalty.example"}, "REGULARS_PUBLIC_URL"),
        ({"REGULARS_TRUSTED_PROXIES": "proxy"}, "REGULARS_TRUSTED_PROXIES: 'proxy'"),
        ({"REGULARS_SECRET_KEY_FILE": "/nowhere/at/all"}, "REGULARS_SECRET_KEY_FILE"),
        ({"REGULARS_PORT_FILE": "/etc/hostname"}, "there is no setting REGULARS_PORT_FILE"),
        ({"REGULARS_CONFIG": "/nowhere/at/all.toml"}, "/nowhere/at/all.toml"),
    ],
)
def test_what_is_refused(environ: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        load_settings(environ)
    assert message in str(caught.value)


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(SettingsInvalid) as caught:
        load_settings({"REGULARS_PORT": "many", "REGULARS_WORKERS": "0", "FEATURE_REFUNDS": "perhaps"})
    assert len(caught.value.problems) == 3


def test_the_command_line_beats_the_environment_and_that_beats_the_file(tmp_path: Path) -> None:
    file = tmp_path / "regulars.toml"
    file.write_text('port = 1\nworkers = 2\nhost = "::1"\ntrusted_proxies = ["10.0.0.1"]\n')
    environ = {"REGULARS_CONFIG": str(file), "REGULARS_PORT": "3", "REGULARS_WORKERS": "4"}
    settings = load_settings(environ, port=5, workers=None, data_directory=tmp_path)
    assert (settings.port, settings.workers, settings.host) == (5, 4, "::1")
    assert settings.trusted_proxies == ("10.0.0.1",)
    assert settings.data_directory == tmp_path


def test_a_name_in_the_file_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "regulars.toml"
    file.write_text("prot = 1\n")
    with pytest.raises(SettingsInvalid, match=r"there is no setting prot; did you mean port\?"):
        load_settings({}, file)


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(STRONG + "\n")
    assert load_settings({"REGULARS_SECRET_KEY_FILE": str(file)}).secret_key == STRONG
    with pytest.raises(SettingsInvalid, match="both set"):
        load_settings({"REGULARS_SECRET_KEY_FILE": str(file), "REGULARS_SECRET_KEY": STRONG})


def test_secrets_are_not_shown() -> None:
    environ = {"REGULARS_SECRET_KEY": STRONG, "REGULARS_DATABASE_URL": "postgresql://u:canary@h/d"}
    settings = load_settings(environ)
    assert settings.secret_key is not None and settings.secret_key.encode() == STRONG.encode()
    assert STRONG not in repr(settings)
    assert "canary" not in repr(settings)


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"REGULARS_SECRET_KEY": "short"}, "fewer than 32 characters"),
        ({"REGULARS_SECRET_KEY": "a" * 64}, "different characters"),
        ({"REGULARS_SECRET_KEY": "changeme-changeme-changeme-changeme"}, "placeholder"),
        ({"MEMBERSHIP_LINK_SIGNING_SECRET": "secret"}, "fewer than 16 characters"),
        ({"MEMBERSHIP_LINK_SIGNING_SECRET": "my-default-password-0"}, "placeholder"),
        ({"REGULARS_DATABASE_URL": "host=/run"}, "needs REGULARS_SECRET_KEY"),
    ],
)
def test_weak_secrets_are_refused_in_production_only(environ: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsInvalid, match=message) as caught:
        load_settings(environ)
    assert all(value not in str(caught.value) for value in environ.values())
    assert load_settings(environ | {"REGULARS_MODE": "development"}).mode == "development"


def test_a_secret_key_is_made_once_and_kept_private(tmp_path: Path) -> None:
    settings = load_settings({}, data_directory=tmp_path / "new")
    key = with_secret_key(settings).secret_key
    assert key is not None and weakness_of(key, 32) is None
    assert with_secret_key(settings).secret_key == key
    path = tmp_path / "new" / "secret.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["secret.key"]


def test_a_secret_key_that_was_given_is_used(tmp_path: Path) -> None:
    settings = load_settings({"REGULARS_SECRET_KEY": STRONG}, data_directory=tmp_path)
    assert with_secret_key(settings).secret_key == STRONG
    assert not (tmp_path / "secret.key").exists()


def test_a_secret_key_that_others_can_read_or_that_is_damaged_is_refused(tmp_path: Path) -> None:
    generated_secret_key(tmp_path)
    path = tmp_path / "secret.key"
    path.chmod(0o644)
    with pytest.raises(SettingsInvalid, match="chmod 600"):
        generated_secret_key(tmp_path)
    path.chmod(0o600)
    path.write_text("")
    with pytest.raises(SettingsInvalid, match="damaged"):
        generated_secret_key(tmp_path)


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == settings_page(), "run `make docs`"
    for field in msgspec.structs.fields(Settings):
        assert f"`{field.name}`" in settings_page()
