"""`tandem facts`: who hears what"""

import json

import click

from tandem.kernel.facts import subscriptions


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def command(*, as_json: bool) -> None:
    """Print the facts that rooms publish and the reactions that subscribe to them."""
    rows = [(one.fact.fact_name(), one.subscriber) for one in subscriptions()]
    if as_json:
        listed = [{"fact": fact, "subscriber": subscriber} for fact, subscriber in rows]
        click.echo(json.dumps({"subscriptions": listed}))
        return
    for fact, subscriber in rows:
        click.echo(f"{fact:32} {subscriber}")
    if not rows:
        click.echo("No reaction subscribes to a fact.")
