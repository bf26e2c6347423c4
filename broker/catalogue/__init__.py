"""Message types, field groups, roles and obligations, read from `schemas/`."""
