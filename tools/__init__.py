"""Tools of the repository itself: installers, house lints, the writer of docs/reference."""
