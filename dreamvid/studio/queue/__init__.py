"""Renders of whole films, one after another, and the films that came of them."""
