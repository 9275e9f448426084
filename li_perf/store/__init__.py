"""What is kept: the ledger (SQLite) and the engine of queries (DuckDB)."""
