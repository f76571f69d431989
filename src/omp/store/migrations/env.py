"""How Alembic runs here: in the one write transaction that `store.migrate` opened."""

from alembic import context

from omp.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=False,  # the caller's transaction holds everything, the version row too
)
context.run_migrations()
