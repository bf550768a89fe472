"""Where credentials come from: environment, URL, netrc (floor 3).

The door: `Search(environ, home, options)` answers `Query` with `Found`.
"""

from __future__ import annotations

from admit.auth.sources.environment import check_variables, variable_stem
from admit.auth.sources.place import SearchOptions
from admit.auth.sources.search import Search

__all__ = ["Search", "SearchOptions", "check_variables", "variable_stem"]
