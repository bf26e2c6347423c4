"""What a failure of the Kafka client means to us: one table, every error class of the library in it.

1. A class is looked up by name, then its parents; each group below says what the catcher does next.
2. What the table does not know is unavailable: repeating is harmless, a wrong refusal is not.
3. Only the class name and its fixed description go into the message: the text of an error may quote a
   request, and a request may quote a record.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from kafka.errors import KafkaError, for_code

from broker.errors import (
    ConfigurationError,
    DeadlineError,
    IncompleteError,
    RejectedError,
    SchakelError,
    UnauthorisedError,
    UnavailableError,
    UsageError,
)

__all__ = ["MEANINGS", "meaning", "translate", "translated"]

_UNAUTHORISED = """
    AuthorizationError ClusterAuthorizationFailedError DelegationTokenAuthDisabledError
    DelegationTokenAuthorizationFailedError DelegationTokenExpiredError DelegationTokenNotFoundError
    DelegationTokenOwnerMismatchError DelegationTokenRequestNotAllowedError GroupAuthorizationFailedError
    SaslAuthenticationFailedError TopicAuthorizationFailedError TransactionalIdAuthorizationFailedError
    UnacceptableCredentialError
"""
_REJECTED = "InvalidRecordError InvalidTimestampError MessageSizeTooLargeError RecordListTooLargeError"
_INCOMPLETE = """
    LogTruncationError NoOffsetForPartitionError OffsetMovedToTieredStorageError OffsetOutOfRangeError
    PositionOutOfRangeError
"""
_DEADLINE = "KafkaTimeoutError RequestTimedOutError"
_USAGE = """
    DuplicateResourceError GroupIdNotFoundError GroupSubscribedToTopicError NoReassignmentInProgressError
    NonEmptyGroupError ReassignmentInProgressError ResourceNotFoundError TopicAlreadyExistsError
    TransactionalIdNotFoundError
"""
_CONFIGURATION = """
    DuplicateBrokerRegistrationError DuplicateVoterError FeatureUpdateFailedError FencedInstanceIdError
    GroupMaxSizeReachedError IllegalArgumentError IllegalSaslStateError IllegalStateError
    IncompatibleBrokerVersion InconsistentClusterIdError InconsistentGroupProtocolError
    InconsistentVoterSetError InvalidCommitOffsetSizeError InvalidConfigurationError InvalidGroupIdError
    InvalidPartitionsError InvalidPrincipalTypeError InvalidRegistrationError
    InvalidReplicationAssignmentError InvalidReplicationFactorError InvalidRequestError
    InvalidRequiredAcksError InvalidSessionTimeoutError InvalidTopicError InvalidTransactionTimeoutError
    InvalidUpdateVersionError InvalidVoterKeyError KafkaConfigurationError LogDirNotFoundError
    MismatchedEndpointTypeError OffsetMetadataTooLargeError PolicyViolationError
    PrincipalDeserializationFailureError SecurityDisabledError TelemetryTooLargeError
    TopicDeletionDisabledError UnknownSubscriptionIdError UnrecognizedBrokerVersion UnsupportedAssignorError
    UnsupportedCodecError UnsupportedCompressionTypeError UnsupportedEndpointTypeError
    UnsupportedForMessageFormatError UnsupportedSaslMechanismError UnsupportedVersionError VoterNotFoundError
"""
# The library does not call these retriable, but for us a new client or the next attempt mends them.
_UNAVAILABLE = """
    BrokerIdNotRegisteredError BrokerNotAvailableError BrokerResponseError CommitFailedError
    CorruptRecordError DuplicateSequenceNumberError FencedMemberEpochError FencedStateEpochError
    IllegalGenerationError
    IneligibleReplicaError InvalidFetchRequestError InvalidProducerEpochError InvalidProducerIdMappingError
    InvalidReceiveError InvalidRecordStateError InvalidTxnStateError KafkaError KafkaProtocolError
    MemberIdRequiredError NewLeaderElectedError NoError OperationNotAttemptedError
    OutOfOrderSequenceNumberError ProducerFencedError QuotaViolationError RebalanceInProgressError
    RetriableError SnapshotNotFoundError StaleBrokerEpochError StaleControllerEpochError
    StaleMemberEpochError TransactionAbortableError TransactionAbortedError TransactionCoordinatorFencedError
    UnknownBrokerIdError UnknownControllerIdError UnknownError UnknownMemberIdError UnknownProducerIdError
    UnreleasedInstanceIdError
"""

MEANINGS: Final[dict[str, type[SchakelError]]] = {
    name: ours
    for names, ours in (
        (_UNAUTHORISED, UnauthorisedError),
        (_REJECTED, RejectedError),
        (_INCOMPLETE, IncompleteError),
        (_DEADLINE, DeadlineError),
        (_USAGE, UsageError),
        (_CONFIGURATION, ConfigurationError),
        (_UNAVAILABLE, UnavailableError),
    )
    for name in names.split()
}
"""Name of an error class of kafka-python to the error of ours that it becomes."""

_NUMBER: Final = re.compile(r"\[Error (\d{1,5})\]")
_REMEDIES: Final = {
    "FencedInstanceIdError": "Another process runs under the same instance name: give each its own",
    "TopicAuthorizationFailedError": "Let the operator compare the access lists: schakel topics plan",
    "GroupAuthorizationFailedError": "Use a group name that begins with the party's own short name and a dot",
    "KafkaTimeoutError": "Check that the topic exists and that Kafka is up: schakel doctor",
}


def meaning(kind: type[BaseException]) -> type[SchakelError]:
    """The error of ours for an error class of the library."""
    for parent in kind.__mro__:
        if parent.__name__ in MEANINGS:
            return MEANINGS[parent.__name__]
    return UnavailableError


def translate(error: BaseException, doing: str) -> SchakelError:
    """*error* as one of ours.

    Args:
        error: What the library raised.
        doing: What we were doing, to follow "could not".
    """
    error = _named(error)
    name = type(error).__name__
    description: Any = getattr(type(error), "description", "") or ""
    why = f"Kafka says {name}: {description}" if description else f"Kafka says {name}"
    kind = meaning(type(error))
    if kind is RejectedError:
        reason = "too-large" if "TooLarge" in name else "not-accepted"
        return RejectedError(f"could not {doing}. {why}", reason=reason)
    return kind(
        f"could not {doing}", why=why, remedy=_REMEDIES.get(name, "See what `schakel doctor` reports")
    )


def _named(error: BaseException) -> BaseException:
    """The error that the library should have raised: it wraps some answers of nodes in a nameless one."""
    found = _NUMBER.search(str(error)) if type(error) is KafkaError else None
    named: BaseException = for_code(int(found[1]))() if found else error
    return named


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn what the library raises inside into an error of ours."""
    try:
        yield
    except KafkaError as error:
        raise translate(error, doing) from error
