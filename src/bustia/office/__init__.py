"""The Virtual Office: where customers read their invoices and run their contract."""
