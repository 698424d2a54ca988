"""Options that change over time: expressions, keyframes, and what they say at a frame."""
