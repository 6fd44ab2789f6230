"""Client id metadata documents."""
