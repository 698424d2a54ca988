"""The command line as a user sees it, in the tests' own process."""

from dreamvid.cli import main


def run(capsys, *words):
    """Exit code, stdout, stderr."""
    code = main([str(word) for word in words])
    captured = capsys.readouterr()
    return code, captured.out, captured.err
