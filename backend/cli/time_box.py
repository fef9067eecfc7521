"""`--for 10m`: how long a command may work."""

from __future__ import annotations

import re
from typing import Any

import click

_PART = re.compile(r"(\d+(?:\.\d+)?)([smh])")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}


class TimeBox(click.ParamType[float]):
    """`90s`, `10m`, `2h`, `1h30m`, as seconds."""

    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        parts = _PART.findall(str(value))
        if not parts or "".join(number + unit for number, unit in parts) != value:
            self.fail(f"“{value}” is no time; say 90s, 10m, 2h or 1h30m.", param, ctx)
        return sum(float(number) * _SECONDS[unit] for number, unit in parts)
