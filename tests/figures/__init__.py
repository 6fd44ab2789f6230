"""The arithmetic of the figures, and that their references still run."""
