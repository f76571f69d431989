"""B3's COTAHIST: every instrument's daily quotes in records of 245 bytes, yearly or shorter."""

from dataclasses import dataclass
from pathlib import Path

from omp.market.importers import cotahist_records as records
from omp.market.importers.base import COLUMNS, Options, Raw, head_of

SIGNATURE = b"00COTAHIST"


@dataclass(frozen=True)
class Cotahist:
    """Reads B3's historical quotes: shares (ON, PN, UNT) of the cash market."""

    name: str = "cotahist"
    meaning: str = "B3's COTAHIST file (TXT or ZIP; a year, a month or a day)"
    is_general: bool = False
    venue: str | None = "br"

    def recognises(self, path: Path) -> bool:
        """Whether the file begins as COTAHIST does."""
        return head_of(path, len(SIGNATURE)) == SIGNATURE

    def companions(self, path: Path) -> tuple[Path, ...]:  # noqa: ARG002 - it stands alone
        """Nothing beside the file belongs to it."""
        return ()

    def parse(self, files: tuple[Path, ...], options: Options) -> Raw:
        """Read the files in the order of their first quotes.

        Prices are in hundredths and per lot of quotation, so they are divided by 100 and by the
        quotation factor. They are as traded: no split or dividend is taken out of them.

        Raises:
            DataNotReady: when a file is cut short or damaged; the message names the rule.
        """
        import polars as pl

        parts = [records.read_quotes(path, is_fractional=options.fractional) for path in files]
        parts = sorted((one for one in parts if one.height), key=lambda one: one["timestamp"][0])
        if not parts:
            raise records.faulty(
                files[0].name, "empty", "no share of the chosen market is quoted in it"
            )
        table = pl.concat(parts)
        marks = (
            table.sort("symbol", "timestamp", maintain_order=True)
            .filter(pl.col("mark") != pl.col("mark").shift(1).over("symbol").fill_null(""))
            .filter(pl.col("mark") != "")
            .select("symbol", pl.col("timestamp").cast(pl.Datetime("ns")).dt.date(), "mark")
            .rename({"timestamp": "date"})
        )
        return Raw(
            table.select(COLUMNS),
            self.name,
            tuple(path.name for path in files),
            {
                "format": "records of 245 bytes",
                "encoding": "latin-1",
                "decimal": "hundredths, divided by the quotation factor",
                "dates": "%Y%m%d",
                "timezone": "America/Sao_Paulo",
                "market": "fractional (020, BDI 96)"
                if options.fractional
                else "cash (010, BDI 02)",
                "adjustment": "none: prices as traded",
                "ex_marks": str(marks.height),
            },
            timeframe="1d",
            venue=self.venue,
            adjusted=False,
            ex_marks=marks,
        )


IMPORTER = Cotahist()
