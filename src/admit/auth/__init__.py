"""The decision which credential a request carries, and where secrets come from."""
