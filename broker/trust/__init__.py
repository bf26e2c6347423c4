"""The signed registry of agencies, keys, agreements and schemas, as one frozen view."""
