"""The rules of readiness about prices that jump: bad ticks, splits and spin-offs not adjusted for.

A true move comes with the volume of news and stays. A bad tick goes and comes back; a split or a
spin-off that prices were not adjusted for stays, over night, without that volume. The thresholds
were set on 505 symbols of the S&P 500 from 2013 to 2018 and 19 series from 1998 to 2021, in which
the crashes of 6 May 2010 and 24 August 2015 are true.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from omp.market.readiness_rule import DAY_NS, Context, Finding, faults_by_symbol

if TYPE_CHECKING:
    import polars as pl

SPLIT_RATIOS = (1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 15.0, 20.0, 25.0, 50.0, 100.0)
SPLIT_TOLERANCE = 0.03
LARGEST_MOVE = 2.5
AROUND = 61
"""Bars, centred on a bar, whose median is what is usual there."""
FEWEST = 10
LONG_SHADOW, ABSURD_SHADOW = 0.10, 0.25  # log distance of high or low from open and close
TIMES_USUAL = 15.0
QUIET = 1.25  # volume against the usual one, of a bar without news
SPIKE, SPIKE_INTRADAY = 0.10, 0.05  # log move from close to close
SPIKE_TIMES_USUAL = 8.0
BACK = 0.3  # share of a spike that may be left after the next bar
QUIET_SPIKE = 2.0
QUIET_JUMP = 0.10
JUMP_KINDS = ((15.0, 2.0, 0.5), (40.0, 3.5, 0.3))
"""Times the usual jump, volume against the usual below it, share the session may take back."""
MARKET_SYMBOLS = 5
"""From so many symbols on, what all of them did is taken off a jump."""


def measured(sound: "pl.DataFrame", *, is_daily: bool) -> "pl.DataFrame":
    """Shadows, moves and volumes of bars against what is usual around them.

    Returns:
        The rows with `shadow` (log distance of the further of high and low from open and close),
        `usual_shadow`, `move` (log, close to close), `next_move`, `usual_move`, `busy` (volume
        against its usual value), `odd` (whether its shadow is far beyond the usual) and `spike`
        (whether it is a bad tick).
    """
    import polars as pl

    def usual(name: str) -> "pl.Expr":
        column = pl.col(name).rolling_median(AROUND, min_samples=FEWEST, center=True)
        return column.over("symbol")

    open_, close = pl.col("open"), pl.col("close")
    same = pl.col("symbol") == pl.col("symbol").shift(1)
    floor = SPIKE if is_daily else SPIKE_INTRADAY
    rows = sound.with_columns(
        shadow=pl.max_horizontal(
            pl.col("high") / pl.max_horizontal(open_, close),
            pl.min_horizontal(open_, close) / pl.col("low"),
        ).log(),
        jump=pl.when(same).then((open_ / close.shift(1)).log()),
        move=pl.when(same).then((close / close.shift(1)).log()),
    ).with_columns(
        next_move=pl.when(same.shift(-1)).then(pl.col("move").shift(-1)),
        size=pl.col("move").abs(),
    )
    near = pl.col("shadow") > LONG_SHADOW
    moved = pl.col("size") > floor
    if not rows.select((near | moved).any()).item():
        nothing = pl.lit(None, pl.Float64)
        return rows.with_columns(
            usual_shadow=nothing,
            usual_move=nothing,
            busy=nothing,
            odd=pl.lit(False),
            spike=pl.lit(False),
        )
    rows = rows.with_columns(
        usual_shadow=usual("shadow"),
        usual_move=usual("size"),
        busy=pl.col("volume") / usual("volume"),
    )
    odd = near & (pl.col("shadow") > TIMES_USUAL * pl.col("usual_shadow"))
    shadow = odd & ((pl.col("shadow") > ABSURD_SHADOW) | (pl.col("busy") < QUIET))
    back = (pl.col("move") + pl.col("next_move")).abs() < BACK * pl.col("size")
    far = moved & (pl.col("size") > SPIKE_TIMES_USUAL * pl.col("usual_move"))
    spike = shadow | (far & back & (pl.col("busy") < QUIET_SPIKE))
    return rows.with_columns(spike=spike.fill_null(False), odd=odd.fill_null(False))


def bad_tick(context: Context) -> Iterable[Finding]:
    """A price goes far away and comes back at once, without the volume of news."""
    import polars as pl

    bad = context.spikes.filter(pl.col("spike"))
    yield from faults_by_symbol(
        bad,
        "a price far from those around it, and back at once",
        "correct the bar from another source, drop the bar, or accept it if it is real",
        show=("open", "high", "low", "close"),
    )


def shadow(context: Context) -> Iterable[Finding]:
    """A high or low is far from open and close in a busy bar, as in a crash that recovered."""
    import polars as pl

    bad = context.spikes.filter(pl.col("odd") & ~pl.col("spike"))
    yield from faults_by_symbol(
        bad,
        "high or low far from open and close, with the volume of news",
        "nothing if it is true; stops of a strategy would fill there",
        show=("open", "high", "low", "close"),
    )


def split_jump(context: Context) -> Iterable[Finding]:
    """A price jumps over night as an unadjusted split or spin-off makes it jump."""
    import polars as pl

    rows = _jumps(context, pl.col("jump").abs() > 0.3)
    jump = pl.col("jump").exp()
    size = pl.max_horizontal(jump, 1 / jump)
    ratio = pl.any_horizontal(*((size / one - 1).abs() <= SPLIT_TOLERANCE for one in SPLIT_RATIOS))
    bad = rows.filter(ratio | (size > LARGEST_MOVE)).with_columns(jump=jump.round(4))
    yield from faults_by_symbol(
        bad,
        "the open is a multiple of the last close as after a split",
        "import adjusted prices, or accept split_jump if the move is real",
        show=("jump",),
    )


def spin_off(context: Context) -> Iterable[Finding]:
    """A price jumps over night and stays, without the volume of news, while the market does not."""
    import polars as pl

    large = pl.col("jump").abs() >= QUIET_JUMP
    if not context.spikes.select((large & ~pl.col("spike")).any()).item():
        return
    rows = context.spikes
    if context.timeframe != "1d":  # nights only: the first bar of each day
        day = pl.col("timestamp") // DAY_NS
        rows = rows.filter((day != day.shift(1)) | (pl.col("symbol") != pl.col("symbol").shift(1)))

    def usual(column: "pl.Expr") -> "pl.Expr":
        return column.rolling_median(AROUND, min_samples=FEWEST, center=True).over("symbol")

    varied = pl.col("volume").min().over("symbol") < pl.col("volume").max().over("symbol")
    rows = rows.with_columns(
        times=pl.col("jump").abs() / usual(pl.col("jump").abs()),
        busy=pl.col("volume") / usual(pl.col("volume")),
        varied=varied,
        back=-(pl.col("close") / pl.col("open")).log() / pl.col("jump"),
    )
    stays = pl.any_horizontal(
        (pl.col("times") >= times) & (pl.col("busy") < busy) & (pl.col("back") < back)
        for times, busy, back in JUMP_KINDS
    )
    found = _jumps(context, large, rows).filter(pl.col("varied") & stays)
    found = _beyond_the_market(found, rows)
    jump = pl.col("jump").exp()
    size = pl.max_horizontal(jump, 1 / jump)
    split = pl.any_horizontal(*((size / one - 1).abs() <= SPLIT_TOLERANCE for one in SPLIT_RATIOS))
    bad = found.filter(~split & (size <= LARGEST_MOVE)).with_columns(jump=jump.round(4))
    yield from faults_by_symbol(
        bad,
        "the open is far from the last close without the volume of news, as after a spin-off or a "
        "special dividend",
        "import adjusted prices (--actions knows spin_off), or accept spin_off if the move is real",
        show=("jump",),
    )


def _jumps(
    context: Context, large: "pl.Expr", rows: "pl.DataFrame | None" = None
) -> "pl.DataFrame":
    """Bars that open far from the last close, but for bad ticks and the bars after them."""
    import polars as pl

    spikes = context.spikes
    before = pl.col("spike").shift(1).fill_null(False)
    marked = spikes.select(
        "symbol", "timestamp", (pl.col("spike") | before).alias("near_spike"), large.alias("large")
    ).filter(pl.col("large") & ~pl.col("near_spike"))
    there = spikes if rows is None else rows
    return there.join(
        marked.select("symbol", "timestamp"),
        on=["symbol", "timestamp"],
        how="semi",
        maintain_order="left",
    )


def _beyond_the_market(found: "pl.DataFrame", rows: "pl.DataFrame") -> "pl.DataFrame":
    """Those that jump as far when what the whole market did over that night is taken off."""
    import polars as pl

    if not found.height:
        return found
    nights = rows.filter(pl.col("timestamp").is_in(found["timestamp"].implode()))
    market = nights.group_by("timestamp").agg(
        pl.col("jump").median().alias("market"), pl.col("jump").count().alias("n")
    )
    own = (
        pl.when(pl.col("n") >= MARKET_SYMBOLS)
        .then(pl.col("jump") - pl.col("market"))
        .otherwise(pl.col("jump"))
    )
    return found.join(market, on="timestamp", how="left", maintain_order="left").filter(
        own.abs() >= QUIET_JUMP
    )
