"""The command line, one module for each command.

A command is a typer function: its parameters are its options (`arguments` has those that several
commands share), its body checks them and hands them to the package below. Commands import what
they need when they run, since `--help` must not wait for torch.
"""

import signal
import threading
from collections.abc import Sequence

import typer
from typer.exceptions import TyperException

from dreamvid.cli import (
    atlas,
    batch,
    bench,
    clean,
    describe,
    direction,
    doctor,
    dream,
    estimate,
    evaluate,
    explore,
    export,
    extend,
    layers,
    loop,
    models,
    presets,
    preview,
    render,
    replay,
    reverse,
    train,
)
from dreamvid.errors import DreamvidError, OutputError, Stopped


def build_app() -> typer.Typer:
    """Register every command, in the order of the help text."""
    app = typer.Typer(
        help="DeepDream films: a preset becomes a forward film, a reversed film and a loop.",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.command("render")(render.render)
    app.command("replay")(replay.replay)
    app.command("dream")(dream.dream)
    app.command("preview")(preview.preview)
    app.command("estimate")(estimate.estimate)
    app.add_typer(presets.app, name="presets")
    app.add_typer(models.app, name="models")
    app.command("layers")(layers.layers)
    app.command("atlas")(atlas.atlas)
    app.command("explore")(explore.explore)
    app.command("extend")(extend.extend)
    app.command("reverse")(reverse.reverse)
    app.command("loop")(loop.loop)
    app.command("export")(export.export)
    app.command("describe")(describe.describe)
    app.command("direction")(direction.direction)
    app.command("train")(train.train)
    app.command("evaluate")(evaluate.evaluate)
    app.command("batch")(batch.batch)
    app.command("clean")(clean.clean)
    app.command("bench")(bench.bench)
    app.command("doctor")(doctor.doctor)
    app.callback()(_root)
    return app


def _print_version(requested: bool) -> bool:
    if requested:
        from dreamvid.cli.terminal.console import say
        from dreamvid.system.version import __version__

        say(f"dreamvid {__version__}")
        raise typer.Exit()
    return requested


def _root(
    version: bool = typer.Option(
        False,
        "--version",
        is_eager=True,  # it needs no command
        callback=_print_version,
        help="print the version and exit",
    ),
) -> None:
    """Declare the options that stand before any command."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; an error is one line on stderr."""
    from dreamvid.cli.terminal.console import complain, open_streams, show_warnings

    open_streams()
    show_warnings()
    if threading.current_thread() is threading.main_thread():  # only it may set signals
        _interrupt_on_signals()
    try:
        return _run(argv)
    except DreamvidError as error:
        complain(str(error))
        return error.exit_code
    except TyperException as error:
        if text := error.format_message():
            complain(text)
        return 2
    except KeyboardInterrupt:
        complain("stopped")
        return Stopped.exit_code
    except (RuntimeError, MemoryError) as error:
        if "memory" not in str(error).lower() and not isinstance(error, MemoryError):
            raise
        complain("out of memory: a smaller size, or a layer nearer the input, needs less")
        return DreamvidError.exit_code
    except OSError as error:  # stdout itself is full or gone
        complain(f"output: {error.strerror}")
        return OutputError.exit_code


def _interrupt_on_signals() -> None:
    """Treat SIGTERM and a closed terminal like Ctrl-C; nohup, which ignores SIGHUP, still works."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    hang_up = getattr(signal, "SIGHUP", None)  # Windows has none
    if hang_up is not None and signal.getsignal(hang_up) == signal.SIG_DFL:
        signal.signal(hang_up, signal.default_int_handler)


def _run(argv: Sequence[str] | None) -> int:
    args = None if argv is None else list(argv)
    code = build_app()(args, standalone_mode=False, prog_name="dreamvid")
    if code == Stopped.exit_code:  # typer turns Ctrl-C into an exit code
        raise KeyboardInterrupt
    return code if isinstance(code, int) else 0
