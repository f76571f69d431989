"""B3: the exchange's own yearly files of historical quotes (COTAHIST), as traded.

Offered at https://www.b3.com.br/en_us/market-data-and-indices/data-services/market-data/
historical-data/equities/historical-quote-data/; no key, no extra.
"""

import zipfile
from dataclasses import dataclass
from pathlib import Path

from omp.domain.errors import DataNotReady
from omp.market.providers.base import Ask, Fetched, Terms
from omp.market.providers.door import Door

FIRST_YEAR = 1986


@dataclass(frozen=True)
class B3(Terms):
    """Whole years; the file of the running year holds what has been traded so far."""

    def fetch(self, ask: Ask, folder: Path) -> Fetched:
        self.require(ask)
        door = Door(self.name, self.base_url("https://bvmf.bmfbovespa.com.br"))
        target = folder / "cotahist"
        target.mkdir()
        for year in range(max(FIRST_YEAR, ask.first.year), ask.last.year + 1):
            name = f"COTAHIST_A{year}.ZIP"
            path = door.file(f"/InstDados/SerHist/{name}", target / name)
            if not zipfile.is_zipfile(path):
                raise DataNotReady(
                    f"what {self.name} sent as {name} is no ZIP file",
                    allowed="the exchange's yearly ZIP files",
                    remedy="download it from the exchange's page with a browser, then: "
                    f"omp data import {name}",
                )
        return Fetched(target, "cotahist", "terms of B3", "br")


PROVIDER = B3(
    name="b3",
    about="Brazilian stocks as traded, whole years, from the exchange itself; daily",
)
