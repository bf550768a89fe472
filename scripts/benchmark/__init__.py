"""Performance as ratios: what `scripts/bench.py` is made of (docs/bench.md)."""
