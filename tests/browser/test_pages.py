"""Every page: no accessibility fault, no sideways scrolling, and the answer to its question."""

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from tests.browser.conftest import NARROW, WIDE, Served

pytestmark = pytest.mark.browser

PAGES = {
    "miner": "/",
    "runs": "/runs",
    "promoted run": "/runs/{promoted_run}",
    "refused run": "/runs/{refused_run}?candidates=all",
    "running run": "/runs/{running_run}",
    "hall": "/hall",
    "hall, all": "/hall?environment=all",
    "entry": "/hall/{entry}",
    "packet": "/hall/{entry}/packet",
    "ledger": "/ledger",
    "incidents": "/incidents",
    "data": "/data",
    "data set": "/data/small-caps",
    "data set without a count": "/data/prices",
    "configuration": "/config",
    "daily log": "/cards/daily",
    "why refused": "/explained/why-refused#pbo",
    "login": "/login",
}


def address(served: Served, name: str) -> str:
    return PAGES[name].format(**vars(served.show))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_accessibility_fault(
    browser: Browser, served: Served, name: str, scheme: str
) -> None:
    for width, height in (WIDE, NARROW) if scheme == "light" else (WIDE,):
        page = browser.new_page(
            base_url=served.address,
            viewport={"width": width, "height": height},
            color_scheme=scheme,  # type: ignore[arg-type]
        )
        answer = page.goto(address(served, name))
        assert answer is not None
        assert answer.status == 200
        page.wait_for_timeout(250)
        found = Axe().run(page)
        faults = [(one["id"], one["nodes"][0]["html"]) for one in found.response["violations"]]
        assert faults == []
        wider = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wider <= 0, f"{name} scrolls sideways by {wider} px at {width} px"
        page.close()


def test_the_hall_shows_real_data_and_says_so(page: Page, served: Served) -> None:
    page.goto("/hall")
    expect(page.locator("#shown")).to_contain_text("real data only")
    expect(page.get_by_role("region", name="Entries", exact=True)).to_contain_text(
        served.show.entry
    )
    page.goto("/hall?environment=synthetic")
    expect(page.locator("main")).not_to_contain_text(served.show.entry)
    expect(page.locator("#shown")).to_contain_text("synthetic data only")


def test_a_refused_run_names_the_gate_and_the_reason(page: Page, served: Served) -> None:
    page.goto(f"/runs/{served.show.refused_run}")
    judged = page.get_by_role("region", name="Judgement")
    expect(judged).to_contain_text("refused")
    table = page.get_by_role("region", name="Table of candidates")
    expect(table).to_contain_text("dsr")
    page.goto("/hall")
    lately = page.get_by_role("region", name="Refused lately")
    expect(lately).to_contain_text("Reversal on three caps")


def test_an_entry_shows_every_gate_and_its_provenance(page: Page, served: Served) -> None:
    page.goto(f"/hall/{served.show.entry}")
    verdicts = page.get_by_role("region", name="Verdicts", exact=True)
    for gate in served.show.desk.settings.gates:
        expect(verdicts).to_contain_text(gate)
    expect(page.get_by_role("region", name="Provenance")).to_contain_text(served.show.promoted_run)


def test_an_incident_is_closed_with_cause_and_prevention(page: Page) -> None:
    page.goto("/incidents")
    page.get_by_role("button", name="resolve").first.click()
    page.locator("#ask-cause").fill("an exchange holiday that the calendar lacks")
    page.locator("#ask-resolution").fill("the calendar was corrected")
    page.locator("#ask-prevention").fill("the calendar is compared with the exchange's list")
    page.locator("#ask-go").click()
    expect(page.get_by_role("region", name="Closed incidents")).to_contain_text(
        "an exchange holiday"
    )


def test_an_entry_is_flagged_with_a_reason(page: Page, served: Served) -> None:
    page.goto(f"/hall/{served.show.entry}")
    page.get_by_role("button", name="flag").click()
    page.locator("#ask-reason").fill("a quarter below its bar")
    page.locator("#ask-go").click()
    standing = page.get_by_role("region", name="Standing")
    expect(standing).to_contain_text("flagged")
    expect(standing).to_contain_text("a quarter below its bar")


def test_the_api_page_is_drawn_from_local_assets(page: Page) -> None:
    page.goto("/docs")
    expect(page.locator(".opblock").first).to_be_visible(timeout=20_000)
    expect(page.locator("#swagger")).to_contain_text("/api/omp/status")


def test_a_data_set_shows_its_months_and_who_questions_it(
    page: Page, served: Served, picture: Callable[[Page, str], None]
) -> None:
    page.goto("/data")
    row = page.get_by_role("region", name="Data sets", exact=True).get_by_role("row")
    expect(row.filter(has_text="small-caps")).to_contain_text("NOT READY")
    picture(page, "data-1280")
    page.goto("/data/small-caps")
    drawn = page.get_by_role("img", name="SYM04, 2011-07 to 2020-01")
    expect(drawn).to_have_accessible_name(re.compile("11 of 2163 sessions without bars; 2013-05"))
    expect(page.get_by_role("region", name="Incidents")).to_contain_text("closes of May 2013")
    expect(page.get_by_role("region", name="Standing")).to_contain_text("omp data resolve")
    page.get_by_role("region", name="Calendar picture by symbol").focus()
    picture(page, "data-set-1280")


def test_data_are_called_into_question_and_released_by_hand(page: Page, served: Served) -> None:
    page.goto("/data/moves")
    page.get_by_role("button", name="call into question").click()
    page.get_by_label("What is wrong with the data").fill("two sessions are missing")
    page.locator("#ask-go").click()
    standing = page.get_by_role("region", name="Standing")
    expect(standing).to_contain_text("in question: INC-")
    page.goto(f"/runs/{served.show.running_run}")
    expect(page.locator("main")).to_contain_text("Its data are in question")
    page.goto("/data/moves")
    page.get_by_role("button", name="resolve INC-").click()
    page.get_by_label("Cause").fill("a holiday was not in the calendar")
    page.get_by_label("What was done about it").fill("the calendar was corrected")
    page.get_by_label("What keeps it from coming again").fill("the calendar is compared")
    page.locator("#ask-go").click()
    expect(standing).not_to_contain_text("in question")
    page.goto(f"/runs/{served.show.running_run}")
    expect(page.locator("main")).to_contain_text("Its data were in question")
