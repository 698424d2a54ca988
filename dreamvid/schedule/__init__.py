"""Schedules: options that change over time, as expressions or keyframes."""
