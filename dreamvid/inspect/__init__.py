"""Measures of finished films: colours, clipping, flicker, a cross, a seam, and their verdict."""
