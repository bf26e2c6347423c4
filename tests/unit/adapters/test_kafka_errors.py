"""Every error of the Kafka client becomes one of ours, chosen on purpose."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from kafka import errors

from broker.adapters.kafka_errors import MEANINGS, meaning, translate, translated
from broker.errors import (
    ConfigurationError,
    DeadlineError,
    RejectedError,
    SchakelError,
    UnauthorisedError,
    UnavailableError,
)

_ALL: list[Any] = sorted(
    {kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.KafkaError)},
    key=lambda kind: kind.__name__,
)


@pytest.mark.parametrize("kind", _ALL, ids=lambda kind: kind.__name__)
def test_each_class_becomes_one_of_ours(kind: type[Exception]) -> None:
    """Translation never fails and never lets an error of the library through."""
    assert isinstance(translate(kind.__new__(kind), "do it"), SchakelError)


@pytest.mark.parametrize("kind", [kind for kind in _ALL if kind.retriable], ids=lambda kind: kind.__name__)
def test_what_may_be_repeated_stays_so(kind: type[Exception]) -> None:
    """What the library calls retriable is retriable for us."""
    assert meaning(kind).retriable


@pytest.mark.parametrize(
    "kind", [kind for kind in _ALL if not kind.retriable], ids=lambda kind: kind.__name__
)
def test_the_others_are_in_the_table_by_name(kind: type[Exception]) -> None:
    """A class that a new version of the library adds must be looked at before it means anything."""
    assert kind.__name__ in MEANINGS


def test_the_table_names_no_class_that_does_not_exist() -> None:
    """A class that the library no longer has is noticed."""
    assert set(MEANINGS) <= {kind.__name__ for kind in _ALL}


@pytest.mark.parametrize(
    ("kind", "ours"),
    [
        (errors.TopicAuthorizationFailedError, UnauthorisedError),
        (errors.GroupAuthorizationFailedError, UnauthorisedError),
        (errors.MessageSizeTooLargeError, RejectedError),
        (errors.KafkaTimeoutError, DeadlineError),
        (errors.NotEnoughReplicasError, UnavailableError),
        (errors.CommitFailedError, UnavailableError),
        (errors.FencedInstanceIdError, ConfigurationError),
        (errors.for_code(9999), UnavailableError),
    ],
    ids=lambda value: value.__name__,
)
def test_what_some_mean(kind: type[Exception], ours: type[SchakelError]) -> None:
    """The errors that decide what a process does next."""
    assert type(translate(kind(), "do it")) is ours


def test_a_nameless_error_is_named_by_its_number() -> None:
    """What the library wraps in an error without a class of its own is found by the number in its text."""
    wrapped = errors.KafkaError("Unexpected error in InitProducerIdResponse: [Error 31] ClusterAuthorization")
    assert type(translate(wrapped, "do it")) is UnauthorisedError


def test_nothing_of_a_request_is_quoted() -> None:
    """The text of the library's error, which may hold a record, is not in ours."""
    assert "secret" not in str(translate(errors.UnknownError("secret"), "do it"))


def test_the_library_s_error_is_the_cause() -> None:
    """Inside `translated` an error of the library comes out as ours, with the original as its cause."""
    with pytest.raises(UnavailableError) as raised, translated("do it"):
        raise errors.NodeNotReadyError
    assert isinstance(raised.value.__cause__, errors.NodeNotReadyError)
