"""What can go wrong in the agent, apart from drivers (drivers/base.py has their errors)."""

from __future__ import annotations


class StreetAgentError(Exception):
    """Root of the agent's own errors; the text is for the technician."""

    exit_code = 1


class ConfigError(StreetAgentError, ValueError):
    """The configuration is wrong: every problem with file, line and column, one a line."""

    exit_code = 4


class NeedsRoot(StreetAgentError, PermissionError):
    """Only root may do this, and everything that the same command does."""

    exit_code = 5


class StorageError(StreetAgentError, OSError):
    """The disk does not do what it should."""


class StorageDamaged(StorageError):
    """Bytes on disk are not what was written; they are set aside and reported."""


class StorageFull(StorageError):
    """There is no room; readings are thinned, events are kept."""


class ServiceError(StreetAgentError, OSError):
    """The service manager does not do what it should."""


class UplinkError(StreetAgentError, ConnectionError):
    """The platform cannot be reached."""

    exit_code = 7


class NotConnected(UplinkError):
    """No link for now; it is tried again soon."""


class Refused(UplinkError):
    """The platform does not want this device, or a file it needs is unusable: retried slowly."""


class RecordingError(StreetAgentError, ValueError):
    """A recording cannot be read: file, line and reason."""


class ThreadDied(StreetAgentError, RuntimeError):
    """A thread that the agent cannot do without has ended: so does the process, and starts anew."""
