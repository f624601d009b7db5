"""The graph and the engine."""
