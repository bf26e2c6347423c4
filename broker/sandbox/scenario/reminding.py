"""The exchange reminds both parties of an obligation."""

from __future__ import annotations

from broker.assembly import exchange_parts
from broker.errors import UsageError
from broker.names import Micros, Oin
from broker.obligations.model import Obligation, RuleSet
from broker.operations.reminding import Reminded, send_reminders
from broker.pipelines.obligations import rules_of
from broker.pipelines.reminders import REMINDER, to_remind
from broker.sandbox.cast import EXCHANGE
from broker.sandbox.demo.model import Line
from broker.sandbox.scenario.ledgered import obligations_of
from broker.sandbox.scenario.model import Reminder
from broker.sandbox.scenario.sending import Post
from broker.settings import GateProfile, load_profile
from producers.client import Publisher

__all__ = ["remind"]


def remind(post: Post, reminder: Reminder, now: Micros) -> list[Line]:
    """Send both parties the exchange's reminder, and see both of them get it.

    Raises:
        UsageError: There is nothing to remind of.
        DeadlineError: Somebody did not get it in time.
    """
    view = post.company.any_actor().view
    rules = rules_of(view.catalogue, view.successions)
    wanted = _wanted(post, reminder, rules, now)
    profile = load_profile(post.company.layout.gate_profile, GateProfile)
    with Publisher(exchange_parts(profile)) as publisher:
        reminded = list(send_reminders(wanted, publisher, None, rules, now))
    return [line for one in reminded for line in _followed(post, one)]


def _wanted(post: Post, reminder: Reminder, rules: RuleSet, now: Micros) -> list[Obligation]:
    about = post.sent[reminder.about]
    found = [
        one
        for one in obligations_of(post.company, {about.case})
        if (one.message_id, one.code) == (about.id, reminder.obligation)
    ]
    wanted = to_remind(found, now, Micros(max((one.due_at for one in found), default=now) + 1), rules)
    if not wanted:
        raise UsageError(
            f"there is no {reminder.obligation} of {reminder.about} to remind of",
            remedy="Remind of an obligation that has not ended, and of which parties are told",
        )
    return wanted


def _followed(post: Post, reminded: Reminded) -> list[Line]:
    parties = dict.fromkeys((reminded.obligation.debtor.oin, reminded.obligation.creditor.oin))
    return [_received(post, reminded, oin) for oin in parties]


def _received(post: Post, reminded: Reminded, oin: Oin) -> Line:
    name = post.company.any_actor().view.agency(oin).short_name
    line = Line(str(reminded.message_id), REMINDER, EXCHANGE.name, name, "delivered")
    if reminded.outcome == "refused":
        return Line(None, REMINDER, EXCHANGE.name, name, "not-sent", reminded.reason)
    actor = post.company.actor(name)
    actor.receive_until(lambda: actor.got(reminded.message_id), f"the reminder to {name}")
    got = actor.got(reminded.message_id)
    assert got is not None, "it was waited for"
    post.seen.append(got.receipt.position)
    return line
