"""Which policy of authentication an index gets, and who said so.

For: `authenticate` of command line, environment, files and index tables (rule R2 of
docs/auth.md). What names the source beats what is said of all; above the files stand
the index's own variable and the rules of command line and environment.
Does not know: what a policy means.
Shape: layers -> `Rules`; a source and the rules -> policy and origin.
"""

from __future__ import annotations

from admit.auth.scope import AuthenticateRule, deciding_rule, parse_authenticate
from admit.errors import InputError, UsageError
from admit.value import replace, value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from admit.auth.scope import Policy, Source
    from admit.config.files import Layer


@value
class Rules:
    """Every `authenticate` of a run, in rising precedence within each part."""

    above: tuple[AuthenticateRule, ...] = ()
    """Of command line, requirements files and environment."""
    files: tuple[AuthenticateRule, ...] = ()


@value
class Choice:
    """A policy, and where it was set."""

    policy: Policy
    origin: str
    """"default" if nobody said anything."""


def read_rules(layers: Sequence[Layer], above: int) -> Rules:
    """Read the rules of all layers; the first `above` ones stand above the files.

    Raises:
        UsageError: one is not understood; says where it stands.
    """
    return Rules(_rules_of(layers[:above]), _rules_of(layers[above:]))


def choose_policy(
    source: Source, origin: str, rules: Rules, environ: Mapping[str, str]
) -> Choice:
    """Return the policy of a source; `origin`: where its own one was set, or "".

    Raises:
        UsageError: the variable of the source has no such policy.
    """
    choice = Choice(source.policy, origin or "default")
    if source.policy == "auto":
        choice = _decided(source, choice, rules.files)
    above = list(rules.above)
    variable = f"ADMIT_INDEX_{variable_part(source.name or '')}_AUTHENTICATE"
    if source.name and variable in environ:
        own = rule_of(environ[variable], variable)
        above.insert(0, replace(own, pattern=source.name))
    return _decided(source, choice, above)


def check_names(
    texts: Iterable[str], origin: str, sources: Iterable[Source]
) -> tuple[str, ...]:
    """Warn of rules for an index that there is not: `crop=always` (pain F9).

    A host or a URL may be that of something that is asked for later.
    """
    names = [source.name for source in sources if source.name]
    known = {name.lower() for name in names}
    warnings = []
    for text in texts:
        pattern = rule_of(text, origin).pattern or ""
        is_name = bool(pattern) and not set(pattern) & set(".:/*")
        if is_name and pattern.lower() not in known | {"localhost"}:
            listed = ", ".join(names) or "none has a name"
            warnings.append(
                f"`{text}` of {origin} matches no index (named indexes: {listed})"
            )
    return tuple(warnings)


def rule_of(text: str, origin: str) -> AuthenticateRule:
    """Parse one rule.

    Raises:
        UsageError: it is not understood; says where it stands.
    """
    try:
        return replace(parse_authenticate(text), origin=origin)
    except InputError as error:
        raise UsageError(
            f"{origin}: {error.what}", why=error.why, fix=error.fix
        ) from error


def variable_part(name: str) -> str:
    """The part of a variable's name that stands for an index: `my-corp` -> MY_CORP."""
    return "".join(c if c.isascii() and c.isalnum() else "_" for c in name).upper()


def _decided(
    source: Source, choice: Choice, rules: Iterable[AuthenticateRule]
) -> Choice:
    rule = deciding_rule(source, rules)
    return choice if rule is None else Choice(rule.policy, rule.origin)


def _rules_of(layers: Sequence[Layer]) -> tuple[AuthenticateRule, ...]:
    return tuple(
        rule_of(str(text), layer.origins.get("authenticate", layer.origin))
        for layer in reversed(layers)
        for text in layer.values.get("authenticate") or ()  # type: ignore[attr-defined]  # checked when read
    )
