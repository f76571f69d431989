"""What explains a bar that is not met: written below it, whatever the figures of the day are.

The shares and costs named here were measured once, with a sampling profiler, on 2 cores, Intel
Xeon (Sapphire Rapids class), Python 3.11.7; the profile below them on the page is that of the run.
"""

from omp.lab.bench.table import Row, Table

_STOPS = """\
The loop that combines columns first pays some 4 ns for each bar, whatever the rule does. We pay
0.3 µs for each rule (its words, and where they have their next bit), 0.2 µs of Python, and 14 ns
for each trade: 6 to 8 to find the trade, 6 to account for it. With 255 trades in 5,000 bars
a trade lasts 20 bars or fewer, so that little is left to be skipped. A trade is found after the
one before it has ended: next entry, first touch, next exit, each a look-up that waits for the one
before; four rules are walked in turns to fill the gaps. What binds is the number of instructions,
about 85 to find a trade and 75 to account for it, and look-ups that miss the nearest cache."""
_WORKERS = """\
A population is split among threads after its tables are laid out and before its answers are put
together. These two parts take some 0.1 ms and a thread 0.03 ms to begin, where 1,000 rules take
1.5 ms on one core at 5,000 bars; the kernels are some 10 % slower while both cores work. With more
rules or more bars the fixed part shrinks. What two processes reach that share nothing, in the last
line, is the most there is. Other work on the two cores shows here at once."""
_SEARCH = """\
A third of a search is evaluation, of which what is shared by both cores is the greater part. The
archive (a quarter), breeding (an eighth), conditions met for the first time (a tenth), the books
and the sentinel run on one, and a charge is forced to the disk before each generation is
evaluated, while nothing else may run; so two workers cannot halve the time (Amdahl). The
checkpoint is forced to the disk while the next generation is bred, with one worker as with two.
Two campaigns at once use two cores (`[limits] max_concurrent_campaigns`): the last line."""
_SLOW_PEER = """\
backtesting.py takes some 5 µs a bar in Python, with few trades as with many, while our own cost
follows the trades: the ratio is that of the mix, whose rules make 86 trades on average and 13.5 in
the median."""

REASONS: tuple[tuple[str, str, str], ...] = (
    ("with stops", "plain numba loop", _STOPS),
    ("Two workers", "populations of", _WORKERS),
    ("Two cores", "search of a campaign", _SEARCH),
    ("Kernel", "backtesting.py", _SLOW_PEER),
)
"""(words of a table's title, words of a row's name, what explains it)"""


def reasons_of(missed: list[tuple[Table, Row]]) -> list[str]:
    """The explanations of missed bars, each once, in the order of the table above."""
    return [
        text
        for title, name, text in REASONS
        if any(title in table.title and name in row.name for table, row in missed)
    ]
