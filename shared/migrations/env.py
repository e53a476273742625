"""Run by Alembic for each history; shared.migrate hands over the connection and names the schema."""

from alembic import context

config = context.config
connection = config.attributes["connection"]

context.configure(connection=connection, version_table_schema=config.attributes["schema"], transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
