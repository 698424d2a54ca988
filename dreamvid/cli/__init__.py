"""The command line, one module for each command.

A command is a typer function: its parameters are its options (`arguments` has those that several
commands share), its body checks them and hands them to the package below. Commands import what
they need when they run, since `--help` must not wait for torch.
"""

import signal
import sys
import threading
from collections.abc import Sequence
from importlib import import_module
from itertools import pairwise

import typer
from typer import Option
from typer.exceptions import TyperException

from dreamvid.errors import DreamvidError, OutputError, PresetError, Stopped, quote
from dreamvid.system.memory import advice, ran_out  # now, while there is memory for it

COMMANDS = (
    "render replay dream preview estimate presets models layers atlas explore extend "
    "reverse loop export inspect describe labels direction train evaluate batch studio clean bench "
    "doctor"
)
"""Commands in the order of the help text, each the name of its module."""


def build_app() -> typer.Typer:
    app = typer.Typer(
        help="DeepDream films: a preset becomes a forward film, a reversed film and a loop.",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    for name in COMMANDS.split():
        module = import_module(f"dreamvid.cli.{name}")
        if group := getattr(module, "app", None):
            app.add_typer(group, name=name)
        else:
            app.command(name)(getattr(module, name))
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
    # Eager, as it needs no command.
    version: bool = Option(
        False,
        "--version",
        is_eager=True,
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
        _check_words(sys.argv[1:] if argv is None else argv)
        return _run_or_stop(argv)
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
    except Exception as error:
        return _after(error)


def _after(error: Exception) -> int:
    """Name lack of memory, an odd path, a stdout that is full or gone; raises any other error."""
    from dreamvid.cli.terminal.console import complain

    if ran_out(error):
        complain(advice(error))
        return DreamvidError.exit_code
    if isinstance(error, RuntimeError) and str(error).startswith("Symlink loop"):  # Path.resolve
        complain(str(error))
        return PresetError.exit_code
    if not isinstance(error, OSError):
        raise error
    if error.filename:  # a name that is too long, a loop of links, a folder without permission
        complain(f"{error.filename}: {error.strerror}")
        return PresetError.exit_code
    complain(f"output: {error.strerror or error}")  # stdout itself is full or gone
    return OutputError.exit_code


def _check_words(words: Sequence[str]) -> None:
    """Refuse URLs, which only credits may be, and zero bytes."""
    from dreamvid.system.files import check_name

    for option, word in pairwise(["", *words]):
        if option == "--credits" and "\0" not in word:
            continue
        try:
            if "\0" in word or "://" in word:
                check_name(word)
        except ValueError as error:
            raise PresetError(quote(word), str(error)) from None


def _interrupt_on_signals() -> None:
    """Treat SIGTERM and a closed terminal like Ctrl-C; nohup, which ignores SIGHUP, still works."""
    _interrupts.clear()
    signal.signal(signal.SIGTERM, _interrupt)
    hang_up = getattr(signal, "SIGHUP", None)  # Windows has none
    if hang_up is not None and signal.getsignal(hang_up) == signal.SIG_DFL:
        signal.signal(hang_up, _interrupt)
    if signal.getsignal(signal.SIGINT) == signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)


_interrupts: list[int] = []  # the signals that came


def _interrupt(number: int, _frame: object) -> None:
    _interrupts.append(number)
    raise KeyboardInterrupt


def _run_or_stop(argv: Sequence[str] | None) -> int:
    """Run a command; an error after an interrupt is that interrupt.

    A library may turn it into an error of its own: libav in a callback, NumPy while it is imported.
    """
    try:
        return _run(argv)
    except Exception as error:
        if _interrupts:
            raise KeyboardInterrupt from error
        raise


def _run(argv: Sequence[str] | None) -> int:
    args = None if argv is None else list(argv)
    code = build_app()(args, standalone_mode=False, prog_name="dreamvid")
    if code == Stopped.exit_code:  # typer turns Ctrl-C into an exit code
        raise KeyboardInterrupt
    return code if isinstance(code, int) else 0
