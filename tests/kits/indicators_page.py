"""Writes docs/reference/indicators.md from the table: python -m tests.kits.indicators_page"""

from pathlib import Path

from omp.domain.indicators import GROUPS, INDICATORS, WORDS, Indicator, Parameter

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "indicators.md"

HEAD = """# Indicators

Every indicator that a rule may use, as the table in `src/omp/domain/indicators/` has it. This
page is written from that table (`python -m tests.kits.indicators_page`) and a test compares them.

- An operand in `strategy.toml` names the indicator and all of its parameters:
  `{indicator = "rsi", length = 14}`. A parameter may take any value of its **range**; a search
  draws from its **grid** only. Lengths are in bars.
- An indicator with **levels** may be compared with a number. A search draws the number from the
  levels; a strategy written by hand may use any number.
- Two different indicators of one **scale** may be compared with each other, such as `close` with
  `sma`, or `roc` of 5 bars with `roc` of 60. An indicator with no scale stands alone.
- Operators: `<`, `>`, `crosses_above` (above now, not above on the bar before) and
  `crosses_below`.
- An indicator uses closed bars only, up to the one at whose close the signal is given. Where it has
  no value yet every comparison is false. A test replays each indicator on prefixes of a market and
  refuses any value that a later bar changes.
- `[search] indicators` of a campaign takes names of indicators and words for several of them:
  `"all"`, the standard set, which is also searched where nothing is named; a group's name for its
  standard indicators (of `cycle` and `pattern`, which have none, for all of them); a group's name
  with `_full` for its further ones, too; and `"everything"`. Words and names may be mixed:
  `indicators = ["all", "cycle", "pattern"]`. More indicators mean more trials for the same luck: a
  wider grammar finds the same edge less often.
- `feature:NAME` is a column of your own that is imported with the data: whatever was known at the
  close of each bar. It has no parameters and no scale; a search compares it with the deciles of its
  values in the in-sample window, which are fixed before the first trial and stand in the strategy
  as plain numbers. A value that is missing or not finite is unknown, and no comparison with it is
  true. Features are asked for by name, `indicators = ["all", "feature:sentiment"]`. Whether a
  column was really known at the close is for you to see to: no test can tell.
- The words are """


def render() -> str:
    """The page."""
    parts = [HEAD + ", ".join(f"`{one}`" for one in WORDS) + ".\n"]
    for group in GROUPS:
        parts.append(f"\n## {group.capitalize()}\n\n")
        parts.append("| indicator | set | meaning | parameters: range (grid) | scale | levels |\n")
        parts.append("|---|---|---|---|---|---|\n")
        parts += [_row(one) for one in INDICATORS.values() if one.group == group]
    return "".join(parts)


def _row(one: Indicator) -> str:
    parameters = "; ".join(_parameter(each) for each in one.parameters) or "none"
    levels = ", ".join(f"{level:g}" for level in one.levels) or "none"
    part = "standard" if one.is_standard else "further"
    cells = (f"`{one.name}`", part, one.meaning, parameters, one.scale or "none", levels)
    return f"| {' | '.join(cells)} |\n"


def _parameter(one: Parameter) -> str:
    grid = ", ".join(f"{value:g}" for value in one.grid)
    return f"`{one.name}`: {one.low:g} to {one.high:g} ({grid})"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
