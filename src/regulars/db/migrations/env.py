"""What alembic runs to migrate: on the connection that `regulars.db.migrate` hands over."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    # Each step commits by itself, so a migration that is killed goes on where it stopped.
    transaction_per_migration=True,
    version_table="schema_version",
)
with context.begin_transaction():
    context.run_migrations()
