"""Options that several commands share, each described once."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

Data = Annotated[
    Path | None,
    Parameter(name="--data", help="Data directory. Default: REGULARS_DATA_DIRECTORY, else ./regulars-data."),
]
Host = Annotated[str | None, Parameter(name="--host", help="Address to listen on.")]
Port = Annotated[int | None, Parameter(name="--port", help="Port to listen on; 0 takes a free one.")]
Workers = Annotated[
    int | None, Parameter(name="--workers", help="Processes that answer requests; one uses about one core.")
]
Program = Annotated[
    str | None, Parameter(name="--program", help="Slug of the program; needed only when there are several.")
]
LocationSlug = Annotated[
    str, Parameter(help="Slug of the location, as 'regulars locations list' shows it.", negative=())
]
SettingName = Annotated[
    str, Parameter(help="Name of the setting, such as sessions.phone_region.", negative=())
]
SettingValue = Annotated[
    str, Parameter(help="Its value; - reads it from standard input.", allow_leading_hyphen=True)
]
DryRun = Annotated[
    bool, Parameter(name="--dry-run", negative=(), help="Check everything, show the outcome, change nothing.")
]
