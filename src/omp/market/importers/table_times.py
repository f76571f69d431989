"""Dates and times of a table, in whatever form they come, as UTC nanoseconds."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from omp.domain.errors import DataNotReady
from omp.market.importers.base import Options, refused
from omp.market.venues.base import DAY_NS, MINUTES

if TYPE_CHECKING:
    import polars as pl

DATE_FORMATS = ("%Y-%m-%d", "%Y%m%d", "%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%b-%Y")
TIME_FORMATS = (
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M",
    "%Y%m%d %H:%M:%S",
    "%Y%m%d %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
)
ZONED_FORMATS = ("%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M:%S%.f%#z")
_FORMS = (*DATE_FORMATS, *TIME_FORMATS, *ZONED_FORMATS)
EPOCH_UNITS = ((1e17, 1), (1e14, 1_000), (1e11, 1_000_000), (1e8, 1_000_000_000))
"""Epoch numbers from this size on are in units of so many nanoseconds."""
FIRST_DATE_NUMBER, LAST_DATE_NUMBER = 19_000_101, 22_001_231
MINUTE_NS = 60_000_000_000
LONGEST_DAY_STEP_NS = 4 * DAY_NS
"""Bars commonly further apart are weekly or longer."""


@dataclass(frozen=True, eq=False)
class Moments:
    """Times as they were written: with a zone, or local; null where a cell is no time.

    Args:
        values: datetimes in nanoseconds.
        form: how they were written, for the record.
    """

    values: "pl.Series"
    form: str

    @property
    def zone(self) -> str | None:
        """The zone they name, if any."""
        return getattr(self.values.dtype, "time_zone", None)


def read_moments(column: "pl.Series", options: Options, file: str, expected: str = "") -> Moments:
    """A column of dates or times; each distinct text is understood once.

    Args:
        column: the cells.
        options: how to read.
        file: its name, for messages.
        expected: the form of the files before this one, which holds where it fits every cell.

    Raises:
        DataNotReady: when no form fits, or day and month could be either way round.
    """
    import polars as pl

    kind = column.dtype
    if kind == pl.String:
        text = column.str.strip_chars().replace("", None)
        distinct = text.unique(maintain_order=True)
        found = _from_text(distinct, options, file, expected)
        table = pl.DataFrame({"text": distinct, "moment": found.values})
        rows = pl.DataFrame({"text": text})
        joined = rows.join(table, on="text", how="left", nulls_equal=True, maintain_order="left")
        return Moments(joined["moment"], found.form)
    if kind == pl.Date:
        return Moments(column.cast(pl.Datetime("ns")), "dates")
    if isinstance(kind, pl.Datetime):
        return Moments(column.cast(pl.Datetime("ns", kind.time_zone)), "times")
    if kind.is_integer() or kind.is_float():
        return _from_numbers(column, file)
    raise _unclear(file, f"times of type {kind} are not understood")


def timeframe_of(symbols: "pl.Series", moments: Moments, options: Options, file: str) -> str:
    """The length of a bar: as told, or the most common step between bars of a symbol.

    Raises:
        DataNotReady: when the times have no step that a bar can have.
    """
    import polars as pl

    if options.timeframe:
        return options.timeframe
    table = pl.DataFrame({"symbol": symbols, "time": moments.values.cast(pl.Int64)}).drop_nulls()
    step = table.select(pl.col("time").diff().over("symbol").abs().alias("step"))["step"]
    steps = step.filter(step > 0)
    if not steps.len():
        is_daily = bool((table["time"] % DAY_NS == 0).all()) and moments.zone is None
        if table.height and is_daily:
            return "1d"
        raise _unclear(file, "one bar of a symbol does not tell its length", "timeframe")
    common_ns = int(steps.mode().sort()[0])
    if DAY_NS - 4 * 60 * MINUTE_NS <= common_ns <= LONGEST_DAY_STEP_NS:
        return "1d"
    for name, minutes in MINUTES.items():
        if common_ns == minutes * MINUTE_NS:
            return name
    minutes_apart = common_ns / MINUTE_NS
    raise _unclear(file, f"bars {minutes_apart:g} minutes apart are of no known kind", "timeframe")


def to_utc_ns(moments: Moments, options: Options, timeframe: str) -> "pl.Series":
    """Times as UTC nanoseconds of a bar's open, those without a zone read in the options' zone.

    Of daily bars only the date counts. A local time that the change to or from summer time makes
    double or impossible becomes null.
    """
    import polars as pl

    values = moments.values
    if timeframe == "1d":
        local = values.dt.convert_time_zone(options.timezone) if moments.zone else values
        return local.dt.date().cast(pl.Datetime("ns")).cast(pl.Int64)
    if moments.zone is None:
        values = values.dt.replace_time_zone(
            options.timezone, ambiguous="null", non_existent="null"
        )
    return values.dt.convert_time_zone("UTC").cast(pl.Int64)


def upright(table: "pl.DataFrame", notes: dict[str, str]) -> "pl.DataFrame":
    """A table that lists the newest bar first, for every symbol, turned over."""
    import polars as pl

    step = table.select(pl.col("timestamp").diff().over("symbol").alias("step"))["step"]
    if table.height > 1 and bool((step.drop_nulls() < 0).all()) and step.drop_nulls().len():
        notes["order"] = "newest first, turned over"
        return table.reverse()
    return table


def _from_numbers(column: "pl.Series", file: str) -> Moments:
    import polars as pl

    whole = column.cast(pl.Int64, strict=False)
    typical = whole.drop_nulls().abs().median()
    if not isinstance(typical, int | float):
        return Moments(whole.cast(pl.Datetime("ns")), "nothing")
    if FIRST_DATE_NUMBER <= typical <= LAST_DATE_NUMBER:
        days = whole.cast(pl.String).str.to_datetime("%Y%m%d", strict=False, time_unit="ns")
        return Moments(days, "%Y%m%d")
    for least, unit_ns in EPOCH_UNITS:
        if typical >= least:
            times = (whole * unit_ns).cast(pl.Datetime("ns")).dt.replace_time_zone("UTC")
            return Moments(times, f"epoch in units of {unit_ns} ns")
    raise _unclear(file, f"times such as {typical:g} are no epoch and no date")


def _from_text(text: "pl.Series", options: Options, file: str, expected: str) -> Moments:
    import polars as pl

    if expected in _FORMS:
        read = text.str.to_datetime(expected, strict=False, exact=True, time_unit="ns")
        if read.null_count() == text.null_count():
            return Moments(read, expected)
    if options.date_format is not None:
        told = text.str.to_datetime(options.date_format, strict=False, time_unit="ns")
        if text.len() > text.null_count() and told.null_count() == told.len():
            example = text.drop_nulls()[0]
            raise _unclear(file, f"times such as {example!r} are not {options.date_format}")
        return Moments(told, options.date_format)
    digits = text.drop_nulls().head(100).str.contains(r"^\d{9,19}$")
    if digits.len() and digits.all():
        return _from_numbers(text.cast(pl.Int64, strict=False), file)
    fits: dict[str, pl.Series] = {}
    for form in _FORMS:
        read = text.str.to_datetime(form, strict=False, exact=True, time_unit="ns")
        lost = read.null_count() - text.null_count()
        if read.len() and lost < 0.5 * max(text.len() - text.null_count(), 1):
            fits[form] = read
    if not fits:
        example = next(iter(text.drop_nulls()), "nothing")
        raise _unclear(file, f"times such as {example!r} fit no known form")
    best = min(one.null_count() for one in fits.values())
    equal = {form: one for form, one in fits.items() if one.null_count() == best}
    chosen, first = next(iter(equal.items()))
    for form, other in equal.items():
        if other.dtype == first.dtype and not other.equals(first):
            raise _unclear(file, f"dates fit both {chosen} and {form}")
    return Moments(first, chosen)


def _unclear(file: str, what: str, rule: str = "date_format") -> DataNotReady:
    remedies = {
        "date_format": "name it with --date-format, for example --date-format %d/%m/%Y",
        "timeframe": "name it with --timeframe, for example --timeframe 1h",
    }
    return refused(
        file,
        rule,
        what,
        allowed="ISO dates or times, epoch numbers, or a format you name; bars of 1d, "
        + ", ".join(MINUTES),
        remedy=remedies[rule],
    )
