"""The machinery of the management API."""
