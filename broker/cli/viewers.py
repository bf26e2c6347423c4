"""Who looks into an audit trail: an inspector's profile, or the operator of the ledger itself."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

from broker.audit.access import AccessRole
from broker.cli.ledgers import ledger_profile
from broker.pipelines.access import Viewer
from broker.sandbox.layout import require_sandbox
from broker.settings import LedgerProfile, ViewerProfile, is_viewer_profile, load_profile

__all__ = ["viewer_of"]


def viewer_of(profile: Path | None, directory: Path | None, usual: str) -> tuple[LedgerProfile, Viewer]:
    """The ledger and the person, from what the caller named.

    Args:
        profile: Of who looks; or the ledger's or its operator's, which make the caller its operator.
        directory: A sandbox; wins, for it is never set by the environment.
        usual: In which role one looks into a sandbox.

    Raises:
        UsageError: Neither is named.
        ConfigurationError: It is not there, or not usable.
    """
    if directory is not None:
        of_role = require_sandbox(directory).viewer_profile(usual)
        profile = of_role if of_role.exists() and is_viewer_profile(of_role) else None
    if profile is None or not is_viewer_profile(profile):
        settings = ledger_profile(profile, directory)
        # The certificate of that profile is a process's, and names no person.
        person = f"account:{_account()}"
        return settings, Viewer(settings.oin, settings.oin, person, AccessRole.OPERATOR)
    viewer = load_profile(profile, ViewerProfile)
    settings = load_profile(viewer.ledger, LedgerProfile)
    return settings, Viewer(
        viewer.oin, viewer.on_behalf or viewer.oin, _person(viewer), AccessRole(viewer.role)
    )


def _person(viewer: ViewerProfile) -> str:
    if viewer.certificate is None:
        return f"account:{_account()}"
    # Imported here, so that whoever has no certificate to read loads no database.
    from broker.assembly_ledger import certificate_person

    return certificate_person(viewer.certificate, viewer.oin)


def _account() -> str:
    try:
        # Not `getpass.getuser`: that believes the environment.
        return pwd.getpwuid(os.getuid()).pw_name[:100]
    except KeyError:
        return f"uid{os.getuid()}"
