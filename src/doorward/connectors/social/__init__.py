"""Social providers, one module each."""
