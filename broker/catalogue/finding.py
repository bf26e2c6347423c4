"""One thing that lint finds in the catalogue, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["REMEDIES", "Finding"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that must be changed.

    Attributes:
        rule: Name of a rule of `broker.catalogue.lint`.
        where: Path in the catalogue, or of a file.
        what: What is wrong there.
        remedy: What to do about it.
    """

    rule: str
    where: str
    what: str
    remedy: str = ""


REMEDIES = {
    "unused-group": "Use the group in a type, or take it out of `groups`",
    "no-obligation": "Open or close an obligation, or make no regime mandatory",
    "never-group": "Take the group out of the list",
    "never-target": "Correct the name under `never`",
    "incompatible": "Publish it as a new type",
    "organisation-name": "Name the event, not who sends it",
    "no-source": "Name S, L, A or P with a number, as sources.md has them",
    "unknown-source": "Correct the tag, or add it to `sources` and to docs/spec/sources.md",
    "check-target": "Name a group, field or assertion that the type has",
    "check-value": "Write a value that the field or assertion can have, in its own type",
    "check-role": "Name a role that sends or receives this type",
    "check-bounds": "Give bounds between which something lies",
    "ground-day": "Name a day within the regime; R0 has no ground for a number",
    "free-text": "Set `free_text`, or give the field a format or a shorter length",
    "days-of-rest": "Drop `termijnenwet`: its art. 4 excepts terms of this length",
    "no-closer": "Let a type close the obligation",
    "unfulfillable": "Let the debtor send a type that closes it, or keep the duty from it with `addressed`",
    "circle": "Let no obligation wait for itself",
    "exchange-opens": "Let the exchange open and close nothing: it only tells",
    "not-waivable": "Leave it out: it is owed to the child or the person concerned, or is not there (A51)",
    "test-data": "Begin the number with 9999",
    "stale": "Run `schakel catalogue build`",
}
"""What to do, by rule; a schema outside the profile is told by its refusal."""
