"""The words of `docs/calibration.md` that no figure changes."""

STOPPED = (
    "Searches that PBO had refused after generation 0 were not bred on: PBO depends on that "
    "generation alone, so what they would have tried could not have changed their verdict. The "
    "deflated Sharpe ratio counts a campaign's own trials, so no other campaign is judged "
    "otherwise either."
)
"""What is said of a calibration with `--stop-refused`."""

INTRODUCTION = """\
# Calibration

This page is written by `omp calibrate`; its text comes from the result files and is not edited by
hand. It says how often the product, as it stands, promotes noise, and how often it finds an edge
that is really there.

## What was done

A market is made whose truth is known: without any edge (a random walk, GARCH with heavy tails,
regimes of volatility, real magnitudes with random signs; with a buy-and-hold Sharpe ratio of 0,
0.4 or 0.8), or with one planted rule whose true annual Sharpe ratio of excess returns, before
costs, is the *dial*. The product is let loose on it: search, evidence, first panel, ensemble, one
look at the sealed window at the level its ledger grants, second panel. The functions are those
that the daemon and its children call; only files, database and signatures are left out. Each
market has a ledger of its own. A candidate that waits for nothing but a signature counts as
promoted.
"""

MEANING = """\
## What the figures mean

- The bounds are Clopper-Pearson, 95 %, two-sided: the true rate lies between them unless the draw
  of markets was an unlucky one. A count of 0 does not mean a rate of 0; the upper bound says how
  large it may still be.
- *Found* is the share of planted markets on which something was promoted. *True* is the share of
  the promotions whose true Sharpe ratio, computed from the known law of the market and not from
  its noise, is at least half the dial.
- *Runs* are campaigns on each market, all on one sealed window; *aim* is what the simulations had
  that the procedure was designed on.
- *Stopped at* names the first gate, in the order of the panels, that did not let the run's subject
  (or, where nothing could be offered, its champion) pass. The numbers of a row add up to its
  campaigns.
- *Where power is lost*: the run's selection must pass PBO; then its subject must hold enough of
  the edge, for the look is a test with the power that the subject's true Sharpe ratio gives it (on
  three sealed years, a first look passes half the time at a true Sharpe ratio of 1.1); then its
  net Sharpe ratio on the sealed window must reach the bar of `oos_sharpe`. The in-sample figure
  beside the true one shows how much of it the search only found by chance.
- A planted market of drift 0 falls while the edge is absent as much as it rises while it is there,
  so a rule's plain Sharpe ratio is about 0.7 of its dial. With a drift equal to the dial it stands
  still while the edge is absent.
- A market has {years:.0f} years of daily bars, of which the last 30 % are sealed.
"""

REASONS = """\
Why power stays below its bars was traced in
[decision 0007](decisions/0007-what-the-first-calibration-found.md),
[decision 0008](decisions/0008-what-is-offered-agrees-with-the-random-rules.md),
[decision 0053](decisions/0053-what-the-true-rule-itself-would-reach.md) and
[decision 0057](decisions/0057-what-a-better-screen-would-give.md); what is known about the false
promotions of noise is in [decision 0059](decisions/0059-three-of-1260.md)."""

SEVERAL = """\
Each of these edges follows a column of its own that the search is given, beside the group
`momentum`; no two have anything in common. *Promoted* and *different* are per market: promotions,
and edges of which at least one promotion is due half the dial or more (an equal mixture of three
is due 0.58 of the dial from each). Why such a market gives mixtures, what ranks them, and why there
is no second choice where a subject may not be looked at, is in decisions
[0060](decisions/0060-a-market-with-three-edges-gives-their-mixture.md) and
[0061](decisions/0061-what-is-expected-of-a-candidate.md)."""

FORMS = """\
*Hourly* markets have seven bars a session, more restless at its ends than in its middle, and a gap
over night with a quarter of the day's variance: three and a half years, of which the last 30 % are
sealed. A *shifting* drift takes a new level at dates that prices do not know, each within 1 of the
drift that is named, in annual Sharpe ratios of holding. A slow drift can be followed a little: a
rule that is long after a rise has a true Sharpe ratio above 0 where nobody planted an edge. So
*true* is the Sharpe ratio of x that the known drift of every bar owes to what was looked at, and a
promotion with a true one above 0 is no error of the look. The bars of noise and of power are those
of daily markets with a drift that stays, and these are held against none. Why hourly bars find less
is in [decision 0058](decisions/0058-drifts-that-shift-and-hourly-bars.md); what is asked of a run
whose sessions end flat is in
[decision 0062](decisions/0062-a-choice-that-earns-nothing-is-no-choice.md)."""
"""What is said of hourly bars and of drifts that shift."""
