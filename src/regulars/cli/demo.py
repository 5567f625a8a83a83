"""`regulars demo`."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from regulars.cli.parameters import Workers

Size = Annotated[
    Literal["small", "large"],
    Parameter(
        help="What a new demo gets: 26 children, 250 guests, 90 customers and 30 borrowers, or many more."
    ),
]
Directory = Annotated[
    Path, Parameter(name="--data", help="Where the demo lives; it is made there, or found again.")
]


def demo(
    *,
    host: Annotated[str, Parameter(help="Address to listen on; of this machine only.")] = "127.0.0.1",
    port: Annotated[int, Parameter(help="Port to listen on; 0 takes a free one.")] = 8000,
    data: Directory = Path("regulars-demo"),
    size: Size = "small",
    workers: Workers = None,
) -> None:
    """Run a demo server with a lively year of data, on this machine only.

    Development mode: pages for children answer without a key. Started again on the same directory, it keeps
    its data and keys. Keys are written to DIR/demo.env. Memberships are bought at a stand-in for Stripe,
    unless settings say which Stripe to ask.
    """
    from regulars.cli.demo_server import run_demo

    run_demo(host, port, data, size, workers)
