"""Measurement of the studio, as a window sees it."""
