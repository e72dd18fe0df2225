"""Work in the background: jobs in PostgreSQL, the processes that do them, and their supervisor."""
