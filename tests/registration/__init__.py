"""Clients that register themselves: what administrators choose."""
