"""Routes, socket and safety of the page."""
