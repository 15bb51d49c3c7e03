"""`acrypto bench`: replica-steps per second of the engines, against the ordinary way and the machine's own limit."""

from __future__ import annotations

from typing import Any

import click

from adversarial_crypto.cli.output import common_options, document, example, number, say, table


def parse_sizes(ctx: click.Context, param: click.Parameter, value: str) -> tuple[int, ...]:
    """Positive whole numbers with commas between them; a callback of an option."""
    parts = [part.strip() for part in value.split(",")] if value else []
    if not all(part.isascii() and part.isdecimal() and len(part) < 10 and int(part) for part in parts):
        raise click.BadParameter(f"{value!r} is no list of sizes; write something like 512 or 512,4096.")
    return tuple(int(part) for part in parts)


def parse_names(ctx: click.Context, param: click.Parameter, value: str) -> tuple[str, ...]:
    """Words with commas between them; which engines there are, the laboratory knows."""
    return tuple(part.strip() for part in value.split(",")) if value else ()


@click.command(
    "bench",
    short_help="Measure how fast the engines train.",
    epilog=example("acrypto bench --message-bits 16 --batch 512 --replicas 1,16"),
)
@click.option(
    "--message-bits", callback=parse_sizes, default="", metavar="N,...", help="Sizes of the message, in bits."
)
@click.option("--batch", callback=parse_sizes, default="", metavar="B,...", help="Examples of an update.")
@click.option("--replicas", callback=parse_sizes, default="", metavar="R,...", help="Replicas trained at once.")
@click.option(
    "--engine", callback=parse_names, default="", metavar="NAME,...", help="eager, compiled, yardstick [all]."
)
@common_options
def command(
    message_bits: tuple[int, ...],
    batch: tuple[int, ...],
    replicas: tuple[int, ...],
    engine: tuple[str, ...],
    as_json: bool,
    quiet: bool,
) -> None:
    """Measure how fast the engines train, in turns with the yardstick (nn.Conv1d, one replica, torch.optim.Adam).

    Every combination of the sizes given is measured; with none given, those that docs/log.md tells of. It takes some
    minutes and wants a machine that does nothing else.
    """
    from adversarial_crypto.lab.bench import bench

    found = bench(
        message_bits=message_bits,
        batch=batch,
        replicas=replicas,
        engines=engine,
        progress=lambda text: say(text, quiet),
    )
    if as_json:
        document("bench", found)
        return
    head = ("engine", "device", "N", "R", "B", "replica-steps/s", "x yardstick", "of matmul", "compile s", "peak MB")
    click.echo(table(head, [_cells(row) for row in found["rows"]]))


def _cells(row: dict[str, Any]) -> list[str]:
    share = row["matmul_fraction"]
    return [
        str(row["engine"]),
        str(row["device"]),
        *(f"{row[size]:,}" for size in ("message_bits", "replicas", "batch")),
        number(row["replica_steps_per_second"]),
        number(row["ratio"]),
        "–" if share is None else f"{100 * share:.1f} %",
        number(row["compile_seconds"]),
        number(row["peak_mb"]),
    ]
