"""Go's times in templates: layouts such as ``2006-01-02T15:04:05Z07:00``, read and written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_PARTS: Final = re.compile(
    r"January|Jan|Monday|Mon|MST|2006|Z07:00:00|Z07:00|Z0700|Z07|-07:00:00|-07:00|-0700|-07|002|01|02|03|04|05|06"
    r"|_2|15|PM|pm|[.,]0+(?!\d)|[.,]9+(?!\d)|[1-5]"
)


@dataclass(frozen=True)
class Moment:
    """A moment: nanoseconds since 1970 and the zone it is shown in."""

    ns: int
    zone: tzinfo = timezone.utc

    def local(self) -> datetime:
        """Its date and time of day, without nanoseconds."""
        return (_EPOCH + timedelta(seconds=self.ns // 10**9)).astimezone(self.zone)

    def __str__(self) -> str:
        return formatted(self, "2006-01-02 15:04:05.999999999 -0700 MST")


def zone(name: str) -> tzinfo:
    """A zone by its name in the IANA database; ``Local`` is UTC here.

    Raises:
        ValueError: there is none.
    """
    if name in ("UTC", "", "Local"):
        return timezone.utc
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"unknown time zone {name}") from None


def formatted(moment: Moment, layout: str) -> str:
    """`moment` as Go's `Time.Format` writes it."""
    local = moment.local()
    return _PARTS.sub(lambda part: _written(part.group(), local, moment.ns % 10**9), layout)


def _written(part: str, local: datetime, nanos: int) -> str:
    if part[0] in ".,":
        digits = f"{nanos:09d}"[: len(part) - 1]
        if part[1] == "0":
            return part[0] + digits
        digits = digits.rstrip("0")
        return part[0] + digits if digits else ""
    if part[0] in "Z-":
        return _offset(part, local)
    hour = local.hour % 12 or 12
    values = {
        "January": _MONTHS[local.month - 1], "Jan": _MONTHS[local.month - 1][:3],
        "Monday": _DAYS[local.weekday()], "Mon": _DAYS[local.weekday()][:3], "MST": local.tzname() or "UTC",
        "2006": f"{local.year:04d}", "06": f"{local.year % 100:02d}", "01": f"{local.month:02d}", "1": str(local.month),
        "02": f"{local.day:02d}", "_2": f"{local.day:2d}", "2": str(local.day),
        "002": f"{local.timetuple().tm_yday:03d}",
        "15": f"{local.hour:02d}", "03": f"{hour:02d}", "3": str(hour), "04": f"{local.minute:02d}",
        "4": str(local.minute), "05": f"{local.second:02d}", "5": str(local.second),
        "PM": "PM" if local.hour >= 12 else "AM", "pm": "pm" if local.hour >= 12 else "am",
    }  # fmt: skip
    return values[part]


def _offset(part: str, local: datetime) -> str:
    seconds = int((local.utcoffset() or timedelta()).total_seconds())
    if part[0] == "Z" and not seconds:
        return "Z"
    sign, seconds = ("-" if seconds < 0 else "+"), abs(seconds)
    hours, minutes = f"{seconds // 3600:02d}", f"{seconds % 3600 // 60:02d}"
    shape = part[1:]
    return sign + {"07:00": f"{hours}:{minutes}", "0700": hours + minutes, "07": hours}.get(
        shape, f"{hours}:{minutes}:{seconds % 60:02d}"
    )


def parsed(layout: str, text: str, default: tzinfo) -> Moment:
    """The moment that `text` means by `layout`, as Go's `ParseInLocation` reads it.

    Raises:
        ValueError: it does not fit.
    """
    pattern, position, names = "", 0, []
    for part in _PARTS.finditer(layout):
        pattern += re.escape(layout[position : part.start()]) + _pattern(part.group())
        names.append(part.group())
        position = part.end()
        if part.group() in ("05", "5") and not layout[position : position + 2].startswith((".0", ".9", ",0", ",9")):
            pattern += r"([.,]\d+)?"
            names.append(".9")
    found = re.fullmatch(pattern + re.escape(layout[position:]), text)
    if found is None:
        raise ValueError(f"cannot parse {text!r} as {layout!r}")
    return _moment(dict(zip(names, found.groups(), strict=True)), default)


def _pattern(part: str) -> str:
    if part in ("January", "Jan"):
        return "(" + "|".join(name if part == "January" else name[:3] for name in _MONTHS) + ")"
    if part in ("Monday", "Mon"):
        return "(" + "|".join(name if part == "Monday" else name[:3] for name in _DAYS) + ")"
    if part[0] == "Z":
        return r"(Z|[+-]\d\d:?(?:\d\d)?(?::\d\d)?)"
    if part[0] == "-":
        return r"([+-]\d\d:?(?:\d\d)?(?::\d\d)?)"
    if part[0] in ".,":
        return r"([.,]\d+)?" if part[1] == "9" else rf"([.,]\d{{{len(part) - 1}}})"
    fixed = {"MST": r"([A-Z]{3,5})", "PM": "(AM|PM)", "pm": "(am|pm)", "2006": r"(\d{4})", "002": r"(\d{3})"}
    return fixed.get(part, r"(\d\d)" if len(part) == 2 and part != "_2" else r"\s?(\d{1,2})")


def _moment(found: dict[str, str | None], default: tzinfo) -> Moment:
    def number(*names: str, otherwise: int) -> int:
        return next((int(value) for name in names if (value := found.get(name)) is not None), otherwise)

    year = number("2006", otherwise=-1)
    if year < 0:
        short = number("06", otherwise=-1)
        year = 1 if short < 0 else short + (1900 if short >= 69 else 2000)
    word = found.get("January") or found.get("Jan")
    months = [name[:3] for name in _MONTHS]
    month = months.index(word[:3]) + 1 if word else number("01", "1", otherwise=1)
    hour = number("15", "03", "3", otherwise=0)
    half = (found.get("PM") or found.get("pm") or "").upper()
    if half:
        hour = hour % 12 + (12 if half == "PM" else 0)
    fraction = next((value for name, value in found.items() if name[0] in ".," and value), ".0")[1:]
    where = next((value for name, value in found.items() if name[0] in "Z-" and value), None)
    zone_ = default if where is None else _fixed(where)
    day = number("02", "_2", "2", otherwise=1)
    local = datetime(
        year, month, day, hour, number("04", "4", otherwise=0), number("05", "5", otherwise=0), tzinfo=zone_
    )
    if found.get("002") is not None:
        local = local.replace(month=1, day=1) + timedelta(days=number("002", otherwise=1) - 1)
    seconds = round((local - _EPOCH).total_seconds())
    return Moment(seconds * 10**9 + int(fraction[:9].ljust(9, "0")), zone_)


def _fixed(text: str) -> tzinfo:
    if text == "Z":
        return timezone.utc
    digits = text[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:4]))
    return timezone(-offset if text[0] == "-" else offset)
