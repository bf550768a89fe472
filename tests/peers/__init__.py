"""What three installers do in the same cases: the players, the cases, the table.

`tests/exam/test_peers.py` plays them; docs/peers.md is what came out.
"""
