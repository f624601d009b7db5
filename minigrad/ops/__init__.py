"""The table of operations, one file a family."""
