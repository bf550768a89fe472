"""The network: one transport, one client, no request without provenance."""
