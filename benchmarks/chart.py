"""Line charts as SVG, with both axes logarithmic: panels side by side, one legend for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

_WIDTH, _HEIGHT = 430, 270
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 14, 30, 44
_ROW = 20

#: Told apart without colour vision too: Okabe and Ito's palette.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")

_STYLE = """<style>text{font:12px sans-serif;fill:#24292f}.title{font-weight:bold}.grid{stroke:#d0d7de}
.axis{stroke:#57606a}.line{fill:none;stroke-width:2}</style>"""


@dataclass(frozen=True, slots=True)
class Panel:
    """A value for each place on the x axis, by the name of the line; None where nothing was measured."""

    title: str
    lines: Mapping[str, Sequence[float | None]]


def drawn(panels: Sequence[Panel], places: Sequence[str], x: str, y: str, columns: int = 2) -> str:
    """An SVG file. `places` name the places on the x axis; `x` and `y` say what the axes are."""
    names = list(dict.fromkeys(name for panel in panels for name in panel.lines))
    colours = {name: _COLOURS[at % len(_COLOURS)] for at, name in enumerate(names)}
    values = [value for panel in panels for line in panel.lines.values() for value in line if value]
    decades = floor(log10(min(values))), max(ceil(log10(max(values))), floor(log10(min(values))) + 1)
    width = columns * _WIDTH
    legend, above = _legend(colours, width)
    height = above + -(-len(panels) // columns) * _HEIGHT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
        _STYLE,
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        legend,
    ]
    for at, panel in enumerate(panels):
        left, top = at % columns * _WIDTH, above + at // columns * _HEIGHT
        parts.append(f'<g transform="translate({left} {top})">{_panel(panel, places, decades, colours, x, y)}</g>')
    return "\n".join([*parts, "</svg>\n"])


def _legend(colours: Mapping[str, str], width: int) -> tuple[str, int]:
    """The names of all lines, in as many rows as they need, and the height of these."""
    found, left, top = [], _LEFT, _ROW
    for name, colour in colours.items():
        wide = 44 + 7 * len(name)
        if left > _LEFT and left + wide > width:
            left, top = _LEFT, top + _ROW
        found.append(
            f'<line x1="{left}" y1="{top - 4}" x2="{left + 22}" y2="{top - 4}" class="line" stroke="{colour}"/>'
        )
        found.append(f'<text x="{left + 28}" y="{top}">{escape(name)}</text>')
        left += wide
    return "".join(found), top + _ROW // 2


def _panel(
    panel: Panel, places: Sequence[str], decades: tuple[int, int], colours: Mapping[str, str], x: str, y: str
) -> str:
    wide, high = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
    low, top = decades

    def across(at: int) -> float:
        return round(_LEFT + wide * (at + 0.5) / len(places), 1)

    def up(value: float) -> float:
        return round(_TOP + high * (1 - (log10(value) - low) / (top - low)), 1)

    parts = [f'<text x="{_LEFT}" y="18" class="title">{escape(panel.title)}</text>']
    for decade in range(low, top + 1):
        at = up(10**decade)
        parts.append(f'<line x1="{_LEFT}" y1="{at}" x2="{_LEFT + wide}" y2="{at}" class="grid"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{at + 4}" text-anchor="end">{10**decade:,g}</text>')
    for at, place in enumerate(places):
        parts.append(f'<text x="{across(at)}" y="{_TOP + high + 16}" text-anchor="middle">{escape(place)}</text>')
    parts.append(f'<line x1="{_LEFT}" y1="{_TOP}" x2="{_LEFT}" y2="{_TOP + high}" class="axis"/>')
    parts.append(f'<line x1="{_LEFT}" y1="{_TOP + high}" x2="{_LEFT + wide}" y2="{_TOP + high}" class="axis"/>')
    parts.append(f'<text x="{_LEFT + wide / 2}" y="{_TOP + high + 34}" text-anchor="middle">{escape(x)}</text>')
    middle = _TOP + high / 2
    parts.append(
        f'<text x="12" y="{middle}" text-anchor="middle" transform="rotate(-90 12 {middle})">{escape(y)}</text>'
    )
    for name, line in panel.lines.items():
        points = [(across(at), up(value)) for at, value in enumerate(line) if value]
        path = " ".join(f"{left},{high_}" for left, high_ in points)
        parts.append(f'<polyline points="{path}" class="line" stroke="{colours[name]}"/>')
        parts += [f'<circle cx="{left}" cy="{high_}" r="3" fill="{colours[name]}"/>' for left, high_ in points]
    return "".join(parts)
