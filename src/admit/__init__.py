"""Install Python packages with authentication that is always right."""

__version__ = "0.1.0"
