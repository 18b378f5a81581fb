"""``python -m telamon`` and the ``telamon`` script."""

from telamon.commands import cli


def main() -> None:
    """Run the command line."""
    cli(prog_name="telamon")


if __name__ == "__main__":
    main()
