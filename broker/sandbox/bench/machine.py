"""On what was measured: processor, memory, and the version of everything that takes part."""

from __future__ import annotations

import os
import platform
import ssl
import subprocess
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from broker.sandbox.java import find_java
from broker.sandbox.kafka import KAFKA_VERSION

__all__ = ["Machine", "describe_machine", "describe_processor"]

_LIBRARIES = ("kafka-python", "crc32c", "fastavro", "cryptography", "SQLAlchemy")


@dataclass(frozen=True, slots=True)
class Machine:
    """Where the figures come from; without it they mean nothing."""

    cpu: str
    cores: int
    memory_gb: float
    system: str
    python: str
    java: str
    kafka: str
    openssl: str
    libraries: dict[str, str]


def describe_machine() -> Machine:
    """This machine.

    Raises:
        ConfigurationError: It has no Java.
    """
    return Machine(
        cpu=describe_processor(),
        cores=os.cpu_count() or 1,
        memory_gb=round(int((_first("/proc/meminfo", "MemTotal") or "0 kB").split()[0]) * 1024 / 1e9, 1),
        system=platform.platform(),
        python=platform.python_version(),
        java=_java(),
        kafka=f"{KAFKA_VERSION}, one node, mutual TLS 1.3, access lists",
        openssl=ssl.OPENSSL_VERSION,
        libraries={name: version(name) for name in _LIBRARIES},
    )


def describe_processor() -> str:
    """The name of this machine's processor."""
    return _first("/proc/cpuinfo", "model name") or platform.processor() or platform.machine()


def _first(path: str, name: str) -> str:
    """The first value of *name* in a file of ``name: value`` lines, or nothing."""
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    pairs = (line.partition(":") for line in lines)
    return next((value.strip() for key, _, value in pairs if key.strip() == name), "")


def _java() -> str:
    done = subprocess.run(
        [str(find_java()), "-version"], capture_output=True, text=True, timeout=30, check=False
    )
    return (done.stderr or done.stdout).splitlines()[0].strip()
