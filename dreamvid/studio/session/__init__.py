"""The process that dreams while the settings change, and the ring of its frames."""
