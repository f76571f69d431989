"""MinerControl in a real browser: buttons, live changes, reasons, keyboard."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import Served
from tests.browser.showcase import advance

from omp.ops import miner, queue

pytestmark = pytest.mark.browser


@pytest.fixture
def control(page: Page, served: Served) -> Iterator[Page]:
    page.goto("/")
    expect(page.locator("#link-state")).to_have_text("live")
    yield page
    if miner.state(served.show.desk).state != "running":
        verb = {"paused": "resume", "offline": "start"}[miner.state(served.show.desk).state]
        miner.want(served.show.desk, verb)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def confirm(page: Page, **fields: str) -> None:
    for name, value in fields.items():
        page.locator(f"#ask-{name}").fill(value)
    page.locator("#ask-go").click()


def test_pause_resume_stop_start_change_the_page_without_a_reload(control: Page) -> None:
    control.evaluate("window.seen = true")
    press(control, "pause")
    confirm(control, reason="lunch")
    expect(control.locator("#actual")).to_have_text("paused")
    expect(control.locator("#miner-pill")).to_have_text("paused")
    expect(control.get_by_label("Activity", exact=True)).to_contain_text("lunch")
    press(control, "resume")
    expect(control.locator("#actual")).to_have_text("running")
    press(control, "stop")
    confirm(control)
    expect(control.locator("#actual")).to_have_text("offline")
    press(control, "start")
    expect(control.locator("#actual")).to_have_text("running")
    assert control.evaluate("window.seen") is True


def test_only_legal_actions_are_offered(control: Page, served: Served) -> None:
    state = control.get_by_role("region", name="Miner", exact=True)
    expect(state.get_by_role("button")).to_have_text(["pause", "stop", "maintenance"])
    miner.want(served.show.desk, "stop")
    expect(state.get_by_role("button")).to_have_text(["start", "maintenance"])


def test_progress_is_drawn_as_it_happens(control: Page, served: Served) -> None:
    run = control.locator(f"#now-{served.show.running_run}")
    expect(run).to_contain_text("14 of 40")
    expect(run.locator("canvas")).to_be_visible()
    before = run.locator("canvas").screenshot()
    for generation in range(15, 22):
        advance(served.show.desk, served.show.running_run, generation)
    expect(run).to_contain_text("21 of 40")
    control.wait_for_timeout(1500)
    assert run.locator("canvas").screenshot() != before


def test_a_campaign_is_moved_only_with_a_reason(control: Page, served: Served) -> None:
    names = control.locator(".queue .queue-name .strong")
    first = "Breakout, small caps"
    second = "Pairs by sector"
    assert names.all_inner_texts().index(first) < names.all_inner_texts().index(second)
    press(control, f"Move {second} up")
    confirm(control)
    expect(control.locator("#ask")).to_be_visible()  # an empty reason does not pass
    confirm(control, reason="its data end first")
    expect(control.locator("#ask")).not_to_be_visible()
    expect(names.nth(names.all_inner_texts().index(first))).to_have_text(first)
    control.wait_for_function(
        f"""() => {{
            const names = [...document.querySelectorAll(".queue .queue-name .strong")]
              .map((one) => one.textContent);
            return names.indexOf("{second}") < names.indexOf("{first}");
        }}"""
    )
    last = queue.changes(served.show.desk)[0]
    assert (last.action, last.reason) == ("reorder", "its data end first")


def test_a_campaign_is_disabled_and_enabled(control: Page) -> None:
    press(control, "Disable Pairs by sector")
    confirm(control, reason="not today")
    press(control, "Enable Pairs by sector")
    expect(control.get_by_role("button", name="Disable Pairs by sector")).to_be_visible()


def test_a_refusal_says_what_is_allowed_and_what_to_do(control: Page, served: Served) -> None:
    press(control, "Add a campaign to the queue")
    confirm(control, name="Nothing", config_path="configs/campaigns/nothing.toml")
    alarm = control.get_by_role("alert")
    expect(alarm).to_be_visible()
    expect(alarm).to_contain_text("nothing.toml")
    assert queue.list_queue(served.show.desk)


def test_everything_works_by_keyboard(control: Page) -> None:
    control.keyboard.press("Tab")
    expect(control.locator(":focus")).to_have_text("To the content")
    control.get_by_role("button", name="pause", exact=True).focus()
    control.keyboard.press("Enter")
    expect(control.locator("#ask")).to_be_visible()
    control.keyboard.press("Escape")
    expect(control.locator("#ask")).not_to_be_visible()
    expect(control.locator("#actual")).to_have_text("running")


def test_what_a_person_types_survives_a_refresh(control: Page, served: Served) -> None:
    press(control, "stop")
    control.locator("#ask-reason").fill("half a sen")
    advance(served.show.desk, served.show.running_run, 23)
    expect(control.locator(f"#now-{served.show.running_run}")).to_contain_text("23 of 40")
    assert control.locator("#ask-reason").input_value() == "half a sen"
    press(control, "Cancel")


def test_the_environment_switch_shows_one_kind_of_data(control: Page) -> None:
    control.get_by_role("navigation", name="Environment shown").get_by_text("real").click()
    expect(control).to_have_url(re.compile("environment=real"))
    names = control.locator(".queue .queue-name .strong").all_inner_texts()
    assert "Breakout, small caps" not in names
    assert "Trend on three caps" in names
