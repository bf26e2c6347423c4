"""What an agency imports to receive."""

from broker.pipelines.deliver import Disclosure, Notice
from broker.ports import Connection
from consumers.client import Subscriber
from consumers.handlers import Handler, RefusalHandler, Reject, Retry

__all__ = [
    "Connection",
    "Disclosure",
    "Handler",
    "Notice",
    "RefusalHandler",
    "Reject",
    "Retry",
    "Subscriber",
]
