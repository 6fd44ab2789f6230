"""Requests that nobody in their right mind sends: no 500, and a refusal changes nothing."""
