"""Tables of the controls: groups, settings shown at first, ends of sliders, units."""

GROUPS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "what",
        "What is dreamed",
        (
            *("dream.direction", "dream.classes", "dream.words", "dream.layers", "dream.objective"),
            *("dream.guide", "dream.mask", "dream.tour", "dream.pick"),
        ),
    ),
    (
        "look",
        "Look",
        (
            *("dream.look", "dream.pyramid", "dream.smooth", "dream.frequency"),
            *("dream.decorrelate", "dream.luminance", "dream.total_variation"),
            *("dream.high_frequency", "dream.sharpen", "dream.saturation_limit"),
            *("dream.optimiser", "dream.octave_step", "dream.last_step"),
        ),
    ),
    (
        "strength",
        "Strength",
        (
            *("dream.octaves", "dream.octave_scale", "dream.steps", "dream.step_size"),
            *("dream.every", "dream.rate", "dream.jitter", "dream.same_jitter"),
            *("dream.precision", "dream.tile"),
        ),
    ),
    (
        "camera",
        "Camera",
        (
            *("motion.zoom", "motion.turn", "motion.shift", "motion.centre", "motion.dolly"),
            *("motion.yaw", "motion.pitch", "motion.roll", "motion.field_of_view"),
            *("motion.classic_zoom", "motion.per"),
        ),
    ),
    (
        "warps",
        "Warps",
        (
            *("motion.vortex", "motion.vortex_radius", "motion.kaleidoscope", "motion.wave"),
            *("motion.wave_length", "motion.wave_speed", "motion.droste", "motion.droste_turn"),
        ),
    ),
    (
        "borders",
        "Borders and sampling",
        (
            *("motion.border", "motion.border_colour", "motion.border_steps"),
            *("motion.sampling", "motion.sharpness"),
        ),
    ),
    ("colour", "Colours", ()),
    ("start", "Start", ("seed", "start.kind", "start.path", "start.size", "start.background")),
    ("footage", "Footage", ("start.from", "start.to", "start.every")),
    ("flow", "Earlier frames and flow", ()),
    ("sound", "Sound", ()),
    ("video", "Film", ()),
    ("loop", "Loop", ()),
    ("outputs", "Files", ()),
    ("about", "Preset", ("title", "about", "model")),
)
"""Name, title and keys of each group; without keys, the options of a table that are left."""

SIMPLE = frozenset(
    {f"dream.{key}" for key in ("direction", "classes", "words", "layers", "look")}
    | {f"dream.{key}" for key in ("octaves", "steps", "step_size", "every")}
    | {f"motion.{key}" for key in ("zoom", "turn", "shift", "centre", "vortex", "kaleidoscope")}
    | {f"colour.{key}" for key in ("keep", "like", "saturation", "contrast")}
    | {"start.kind", "seed"}
)
"""Settings that are shown at first."""

RANGES: dict[str, tuple[float, float]] = {
    "seed": (0, 1000),
    "dream.tour": (0, 20),
    "dream.octaves": (1, 10),
    "dream.octave_scale": (1.1, 2),
    "dream.steps": (1, 40),
    "dream.step_size": (0, 6),
    "dream.jitter": (0, 64),
    "dream.every": (1, 12),
    "dream.pyramid": (0, 6),
    "dream.smooth": (0, 4),
    "dream.frequency": (0, 2),
    "dream.octave_step": (0.25, 4),
    "dream.last_step": (0, 2),
    "dream.sharpen": (0, 2),
    "dream.saturation_limit": (0, 120),
    "motion.zoom": (0.5, 3),
    "motion.turn": (-90, 90),
    "motion.shift": (-0.5, 0.5),
    "motion.centre": (0, 1),
    "motion.classic_zoom": (0, 0.2),
    "motion.yaw": (-45, 45),
    "motion.pitch": (-45, 45),
    "motion.roll": (-90, 90),
    "motion.dolly": (-1, 0.9),
    "motion.field_of_view": (20, 120),
    "motion.vortex": (-180, 180),
    "motion.vortex_radius": (0.05, 2),
    "motion.wave": (-0.5, 0.5),
    "motion.wave_length": (0.05, 1),
    "motion.wave_speed": (-3, 3),
    "motion.kaleidoscope": (0, 16),
    "motion.droste": (1, 16),
    "motion.droste_turn": (-180, 180),
    "motion.border_steps": (0, 40),
    "colour.contrast": (0, 3),
    "colour.saturation": (0, 3),
    "start.every": (1, 24),
    "flow.frames": (0, 8),
    "flow.restart": (1, 10),
    "video.frames": (1, 2400),
    "video.seconds": (1, 120),
    "video.every": (1, 12),
    "video.depth": (8, 16),
    "loop.seconds": (0.5, 10),
    "loop.warm_up": (0, 10),
    "sound.bpm": (40, 220),
    "sound.attack": (0, 1),
    "sound.release": (0, 2),
    "outputs.loop_width": (160, 1280),
}
"""Ends of sliders; a number that is typed may lie beyond, within the option's limits."""

UNITS = {
    "motion.zoom": "/s",
    "motion.dolly": "/s",
    "motion.shift": "/s",
    "motion.wave": "/s",
    "motion.wave_speed": "/s",
    "dream.step_size": "/255",
    "dream.tour": "s",
    "loop.seconds": "s",
    "loop.warm_up": "s",
    "video.frames": "frames",
    "video.seconds": "s",
    "sound.attack": "s",
    "sound.release": "s",
    "outputs.loop_fps": "fps",
    "dream.every": "frames",
    "degrees a second": "°/s",
    "in degrees": "°",
    "pixels": "px",
}
"""Units by key, or by words of the description."""
