"""`tandem doctor`"""

import json
import sys

import click

from tandem.project.doctor import examine
from tandem.project.home import Home


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Report as one JSON object.")
def command(*, as_json: bool) -> None:
    """Look after this installation; exits with 1 when something needs a hand."""
    report = examine(Home.from_environment())
    if as_json:
        click.echo(json.dumps(report.as_json()))
    else:
        width = max(len(finding.name) for finding in report.findings)
        for finding in report.findings:
            mark = "ok " if finding.is_good else "BAD"
            click.echo(f"{mark}  {finding.name:<{width}}  {finding.words}")
    if not report.is_good:
        click.echo("tandem: " + "; ".join(report.problems), err=True)
        sys.exit(1)
