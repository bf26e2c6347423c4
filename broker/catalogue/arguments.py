"""Arguments of named checks (docs/spec/catalogue.md 6): which there are, and what each may hold.

A check written wrongly stops the start, not a message.  An argument of one name means the same in
every check, so the form belongs to the name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date

from broker.errors import ConfigurationError
from broker.names import Regime

__all__ = ["require_forms"]


def require_forms(given: Mapping[str, object], needed: Iterable[str], name: str, where: str) -> None:
    """Insist that the check *name* is given exactly the *needed* arguments, each in its form.

    Raises:
        ConfigurationError: It is not; says which argument and what it must be.
    """
    needed = tuple(needed)
    if set(given) != set(needed):
        raise ConfigurationError(
            f"{where}: {name} needs exactly the arguments {', '.join(needed)}",
            why=", ".join(sorted(given)),
            remedy="Give these arguments and no other",
        )
    for argument, value in given.items():
        form, fits = _FORMS[argument]
        if not fits(value):
            raise ConfigurationError(
                f"{where}: {name}: {argument} is not {form}", remedy=f"Write {form} for {argument}"
            )


def _is_word(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _is_plain(value: object) -> bool:
    return isinstance(value, str | bool | int)


def _is_words(value: object) -> bool:
    return isinstance(value, list | tuple) and len(value) > 0 and all(map(_is_word, value))


def _is_sets(value: object) -> bool:
    return isinstance(value, list) and len(value) > 0 and all(map(_is_words, value))


def _is_values(value: object) -> bool:
    return isinstance(value, list) and len(value) > 0 and all(map(_is_plain, value))


def _is_meanings(value: object) -> bool:
    return isinstance(value, dict) and len(value) > 0 and all(map(_is_values, value.values()))


def _is_regimes(value: object) -> bool:
    return _is_words(value) and isinstance(value, list) and set(value) <= set(Regime)


def _is_since(value: object) -> bool:
    if not isinstance(value, dict) or not value or not set(value) <= set(Regime):
        return False
    return all(_is_date(day) for day in value.values())


def _is_date(value: object) -> bool:
    try:
        date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        return False
    return True


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_routes(value: object) -> bool:
    if not isinstance(value, dict) or not value or not set(value) <= set(Regime):
        return False
    return all(isinstance(one, dict) and one and all(map(_is_words, one.values())) for one in value.values())


_Form = tuple[str, Callable[[object], bool]]
_WORD: _Form = ("a name", _is_word)
_WORDS: _Form = ("a list of names", _is_words)
_NUMBER: _Form = ("a number", _is_number)
_FORMS: Mapping[str, _Form] = {
    "assertion": _WORD,
    "equals": ("text, a flag or a number", _is_plain),
    "field": _WORD,
    "fields": _WORDS,
    "flags": _WORDS,
    "group": _WORD,
    "groups": _WORDS,
    "meanings": ("lists of values by value of the assertion", _is_meanings),
    "maximum": _NUMBER,
    "minimum": _NUMBER,
    "other": _WORD,
    "references": _WORDS,
    "regimes": ("a list of regimes", _is_regimes),
    "roles": _WORDS,
    "routes": ("lists of roles by value, by regime", _is_routes),
    "sets": ("a list of lists of names", _is_sets),
    "since": ("dates (YYYY-MM-DD, quoted) by regime", _is_since),
    "start_field": _WORD,
    "texts": _WORDS,
    "values": ("a list of values", _is_values),
    "when_field": _WORD,
}
