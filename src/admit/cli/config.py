"""`admit config`: every setting, its value, and where it comes from."""
