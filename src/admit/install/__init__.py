"""From wheels to an environment: verify, plan, apply as a transaction."""
