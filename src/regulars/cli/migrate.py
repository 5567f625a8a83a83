"""`regulars migrate`."""

from regulars.cli.parameters import Data


def migrate(*, data: Data = None) -> None:
    """Bring the database to the schema of this version.

    Servers do so by themselves when they start; this is for deployments that want it done before.
    """
    from regulars.cli.session import database_of
    from regulars.db.migrate import migrate as migrate_database
    from regulars.db.migrate import newest_revision
    from regulars.settings import load_settings

    with database_of(load_settings(data_directory=data)) as conninfo:
        migrate_database(conninfo)
    print(f"the database has schema {newest_revision()}")
