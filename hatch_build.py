"""Puts the files of a Kafka node and the scenarios into the wheel; an editable one reads the source tree."""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class KafkaNodeFiles(BuildHookInterface[Any]):
    """Adds deploy/kafka as broker/sandbox/kafka_node, and tests/scenarios as broker/sandbox/scenarios."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add them, unless the build is an editable one."""
        if version == "standard":
            build_data["force_include"]["deploy/kafka"] = "broker/sandbox/kafka_node"
            build_data["force_include"]["tests/scenarios"] = "broker/sandbox/scenarios"
