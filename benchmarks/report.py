"""Figures of `python -m benchmarks` as Markdown, as a plot, and against what is promised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.bars import Bar, at_least, at_most, none, under

REFERENCES = ("json-file", "json-file-plain", "otel-grpc")

Result = dict[str, Any]


def costs(peers: Mapping[str, Result]) -> str:
    """Markdown: a line for each peer, and its CPU against the references of the same run."""
    lines = [
        "| peer | calling thread p50 µs | p99 µs | p99.9 µs | CPU µs a record delivered | × json-file "
        "| × json-file-plain | × stock OTel | lost | peak RSS MB |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, result in peers.items():
        ratios = [
            f"{result['cpu'] / peers[reference]['cpu']:.2f}" if reference in peers else "" for reference in REFERENCES
        ]
        lines.append(
            f"| {name} | {result['p50']} | {result['p99']} | {result['p999']} | {result['cpu']} | "
            + " | ".join(ratios)
            + f" | {result['lost']} | {result['rss_mb']} |"
        )
    return "\n".join(lines)


def threads(peers: Mapping[str, Result]) -> str:
    """Markdown: what a call takes where several threads log at once."""
    lines = ["| peer | reached records/s | p50 µs | p99 µs | p99.9 µs | lost |", "|---|---|---|---|---|---|"]
    for name, result in peers.items():
        figures = (result[key] for key in ("rate", "p50", "p99", "p999", "lost"))
        lines.append(f"| {name} | " + " | ".join(map(str, figures)) + " |")
    return "\n".join(lines)


def losses(rows: Sequence[Result]) -> str:
    """Markdown: what was lost at each rate."""
    lines = ["| peer | asked records/s | reached | sent | lost | % |", "|---|---|---|---|---|---|"]
    for row in rows:
        share = 100 * row["lost"] / row["records"]
        lines.append(
            f"| {row['peer']} | {row['asked']} | {row['rate']} | {row['records']} | {row['lost']} | {share:.1f} |"
        )
    return "\n".join(lines)


def bars(
    peers: Mapping[str, Result],
    threaded: Mapping[str, Result],
    rows: Sequence[Result],
    requests: Mapping[str, Mapping[int, float]],
) -> list[Bar]:
    """What delivery promises, as far as this run has measured it."""
    found = []
    ours, file, stock = peers.get("aegis-grpc"), peers.get("json-file"), peers.get("otel-grpc")
    if ours and stock:
        found.append(at_most("CPU a record delivered, × stock OTel", ours["cpu"] / stock["cpu"], 0.2))
    if ours and file:
        found.append(at_most("CPU a record delivered, × json-file", ours["cpu"] / file["cpu"], 1.0))
        found.append(at_most("calling thread p50, × json-file", ours["p50"] / file["p50"], 0.8))
    if "aegis-grpc" in threaded:
        found.append(under("8 threads: p99.9 of a call, µs", threaded["aegis-grpc"]["p999"], 1000))
    for row in rows:
        if row["peer"] == "aegis-grpc" and row["asked"] == 20_000:
            found.append(at_least("losses at 20,000 records/s: rate reached", row["rate"], 0.99 * row["asked"]))
            found.append(none("losses at 20,000 records/s: lost", row["lost"]))
    if requests:
        one = {name: by_lines[1] for name, by_lines in requests.items()}
        found.append(at_least("ASGI, one line a request, × bare app", one["aegis"] / one["none"], 0.65))
        found.append(at_least("ASGI, one line a request, × stock OTel", one["aegis"] / one["otel"], 1.6))
    return found


def plot(peers: Mapping[str, Result]) -> str:
    """An SVG bar chart: CPU a record (bar) and calling-thread p50 (mark)."""
    most = max(result["cpu"] for result in peers.values())
    width, row, left = 760, 26, 190
    scale = (width - left - 90) / most
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{row * len(peers) + 50}" '
        'font-family="sans-serif" font-size="12">',
        '<text x="10" y="20">µs a record: CPU of the whole process (bar), calling thread p50 (line)</text>',
    ]
    for index, (name, result) in enumerate(peers.items()):
        y = 34 + index * row
        color = "#2a7de1" if name.startswith("aegis") else "#9aa5b1"
        size = result["cpu"] * scale
        mark = left + result["p50"] * scale
        parts += [
            f'<text x="{left - 8}" y="{y + 14}" text-anchor="end">{name}</text>',
            f'<rect x="{left}" y="{y}" width="{size:.1f}" height="{row - 8}" fill="{color}"/>',
            f'<line x1="{mark:.1f}" x2="{mark:.1f}" y1="{y - 2}" y2="{y + row - 6}" stroke="#111" stroke-width="2"/>',
            f'<text x="{left + size + 6:.1f}" y="{y + 14}">{result["cpu"]}</text>',
        ]
    return "\n".join([*parts, "</svg>"])
