"""`tandem restore`"""

import json
from pathlib import Path

import click

from tandem.project.home import Home
from tandem.project.restore import restore_backup


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Keep a non-empty installation aside and go on.")
@click.option(
    "--erased",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="A ledger of the erased (erased.jsonl) from another home; can be given again.",
)
@click.option("--json", "as_json", is_flag=True, help="Report as one JSON object.")
def command(file: Path, *, force: bool, erased: tuple[Path, ...], as_json: bool) -> None:
    """Bring an archive back. The restored copy sends nothing until somebody releases it, and who
    was erased since the backup is erased from it before anybody sees it."""
    report = restore_backup(Home.from_environment(), file, force=force, erased=erased)
    if as_json:
        click.echo(
            json.dumps(
                {
                    "file": str(report.path),
                    "files": report.files,
                    "kept_aside": report.kept_aside,
                    "sending_held": True,
                    "erased_again": report.erased_again,
                }
            )
        )
        return
    click.echo(f"restored {report.path}; sending is held until somebody releases it")
    if report.erased_again:
        click.echo(f"erased again: {report.erased_again}")
    for kept in report.kept_aside:
        click.echo(f"kept aside: {kept}")
