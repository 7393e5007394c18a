"""`tandem backup`"""

import json
from pathlib import Path

import click

from tandem.project.backup import write_backup
from tandem.project.home import Home


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Report as one JSON object.")
def command(file: Path, *, as_json: bool) -> None:
    """Write one archive of everything: database, files, keys. Keep it as safe as the original."""
    report = write_backup(Home.from_environment(), file)
    if as_json:
        click.echo(
            json.dumps(
                {"file": str(report.path), "bytes": report.size_bytes, "files": report.files}
            )
        )
    else:
        click.echo(f"{report.path}: {report.size_bytes:,} bytes, {report.files} files")
