"""Dates and times of a table, in whatever form they come, as UTC nanoseconds."""

from typing import TYPE_CHECKING

from omp.domain.errors import DataNotReady
from omp.market.importers.base import Options

if TYPE_CHECKING:
    import polars as pl

DATE_FORMATS = ("%Y-%m-%d", "%Y%m%d", "%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%b-%Y")
TIME_FORMATS = (
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M",
    "%Y%m%d %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
)
ZONED_FORMATS = ("%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M:%S%.f%#z")
EPOCH_UNITS = ((1e17, 1), (1e14, 1_000), (1e11, 1_000_000), (1e8, 1_000_000_000))
"""Epoch numbers from this size on are in units of so many nanoseconds."""
FIRST_DATE_NUMBER, LAST_DATE_NUMBER = 19_000_101, 22_001_231


def to_utc_ns(column: "pl.Series", options: Options, file: str) -> "pl.Series":
    """A column of dates or times as UTC nanoseconds; a cell that is neither becomes null.

    Times that name no zone are local to the venue. Of daily bars only the date counts.

    Raises:
        DataNotReady: when no form fits, or day and month could be either way round.
    """
    import polars as pl

    kind = column.dtype
    if kind == pl.String:
        moments = _from_text(column.str.strip_chars().replace("", None), options, file)
    elif kind == pl.Date:
        moments = column.cast(pl.Datetime("ns"))
    elif isinstance(kind, pl.Datetime):
        moments = column.cast(pl.Datetime("ns", kind.time_zone))
    elif kind.is_integer() or kind.is_float():
        moments = _from_numbers(column, file)
    else:
        raise _unclear(file, f"times of type {kind} are not understood")
    zone = moments.dtype.time_zone if isinstance(moments.dtype, pl.Datetime) else None
    if options.timeframe == "1d":
        local = moments.dt.convert_time_zone(options.timezone) if zone else moments
        return local.dt.date().cast(pl.Datetime("ns")).cast(pl.Int64)
    if zone is None:
        moments = moments.dt.replace_time_zone(
            options.timezone, ambiguous="null", non_existent="null"
        )
    return moments.dt.convert_time_zone("UTC").cast(pl.Int64)


def _from_numbers(column: "pl.Series", file: str) -> "pl.Series":
    import polars as pl

    whole = column.cast(pl.Int64, strict=False)
    typical = whole.drop_nulls().abs().median()
    if not isinstance(typical, int | float):
        return whole.cast(pl.Datetime("ns"))
    if FIRST_DATE_NUMBER <= typical <= LAST_DATE_NUMBER:
        return whole.cast(pl.String).str.to_datetime("%Y%m%d", strict=False, time_unit="ns")
    for least, unit_ns in EPOCH_UNITS:
        if typical >= least:
            return (whole * unit_ns).cast(pl.Datetime("ns")).dt.replace_time_zone("UTC")
    raise _unclear(file, f"times such as {typical:g} are no epoch and no date")


def _from_text(text: "pl.Series", options: Options, file: str) -> "pl.Series":
    import polars as pl

    if options.date_format is not None:
        return text.str.to_datetime(options.date_format, strict=False, time_unit="ns")
    digits = text.drop_nulls().head(100).str.contains(r"^\d{9,19}$")
    if digits.len() and digits.all():
        return _from_numbers(text.cast(pl.Int64, strict=False), file)
    fits: dict[str, pl.Series] = {}
    for form in (*DATE_FORMATS, *TIME_FORMATS, *ZONED_FORMATS):
        read = text.str.to_datetime(form, strict=False, exact=True, time_unit="ns")
        lost = read.null_count() - text.null_count()
        if read.len() and lost < 0.5 * max(text.len() - text.null_count(), 1):
            fits[form] = read
    if not fits:
        example = next(iter(text.drop_nulls()), "nothing")
        raise _unclear(file, f"times such as {example!r} fit no known form")
    best = min(one.null_count() for one in fits.values())
    equal = {form: one for form, one in fits.items() if one.null_count() == best}
    first = next(iter(equal.values()))
    for form, other in equal.items():
        if other.dtype == first.dtype and not other.equals(first):
            raise _unclear(file, f"dates fit both {next(iter(equal))} and {form}")
    return first


def _unclear(file: str, what: str) -> DataNotReady:
    return DataNotReady(
        f"{file} cannot be imported: {what}",
        allowed="ISO dates or times, epoch numbers, or a format you name",
        remedy="name it with --date-format, for example --date-format %d/%m/%Y",
        faults=(f"schema: {file}: {what}",),
    )
