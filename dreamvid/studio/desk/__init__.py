"""The preset that is being changed: settings, keyframes, undo and redo."""
