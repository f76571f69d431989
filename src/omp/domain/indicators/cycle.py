"""Indicators of cycles: the Hilbert transform's view of the close."""

from omp.domain.indicators.parts import SIGN, Indicator, further

_SINE = (-0.7, -0.5, 0.0, 0.5, 0.7)

STANDARD: tuple[Indicator, ...] = ()

FURTHER: tuple[Indicator, ...] = (
    further(
        "ht_period",
        "cycle",
        "",
        (10.0, 15.0, 20.0, 25.0, 30.0, 40.0),
        (),
        "dominant cycle, in bars",
    ),
    further(
        "ht_phase",
        "cycle",
        "",
        (0.0, 45.0, 90.0, 135.0, 180.0, 225.0, 270.0),
        (),
        "phase of the dominant cycle, in degrees, -45 to 315",
    ),
    further("ht_inphase", "cycle", "phasor", SIGN, (), "phasor: component in phase"),
    further("ht_quadrature", "cycle", "phasor", SIGN, (), "phasor: component in quadrature"),
    further("ht_sine", "cycle", "sine", _SINE, (), "sine of the phase"),
    further("ht_leadsine", "cycle", "sine", _SINE, (), "sine of the phase 45 degrees ahead"),
    further("ht_trendmode", "cycle", "", (0.5,), (), "1 in a trend, 0 in a cycle"),
)
