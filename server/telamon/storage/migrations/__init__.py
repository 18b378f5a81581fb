"""The schema's history, run by Alembic when a storage opens."""
