"""Chromium, and a served workspace whose record holds everything the pages can show."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from tests.browser.showcase import Showcase, furnish

from omp.api.listener import listen, make_server, serve
from omp.api.server import create_app
from omp.web.pages import router

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDE, NARROW = (1280, 900), (390, 844)
IMAGES = Path(__file__).parents[2] / "docs" / "images"


@dataclass(frozen=True)
class Served:
    """A dashboard that is being served, and what lies behind it."""

    address: str
    show: Showcase


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip("no Chromium on PATH: apt-get install chromium")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    show = furnish(tmp_path_factory.mktemp("browser") / "workspace")
    show.desk.live.set()
    listener = listen("127.0.0.1", 0)
    server = make_server(create_app(show.desk, extra_routers=[router(show.desk)]))
    thread = threading.Thread(target=serve, args=(server, listener), daemon=True)
    thread.start()
    yield Served(f"http://127.0.0.1:{listener.getsockname()[1]}", show)
    server.should_exit = True
    thread.join(timeout=10)
    listener.close()
    show.desk.db.close()


@pytest.fixture
def context(browser: Browser, served: Served) -> Iterator[BrowserContext]:
    context = browser.new_context(
        base_url=served.address,
        viewport={"width": WIDE[0], "height": WIDE[1]},
        reduced_motion="reduce",
    )
    context.set_default_timeout(10_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page on which a script error, or a request that leaves the machine, is a failure."""
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "console",
        lambda said: faults.append(said.text) if "Content Security Policy" in said.text else None,
    )
    page.on(
        "request",
        lambda asked: (
            None
            if "//127.0.0.1:" in asked.url or asked.url.startswith("data:")
            else faults.append(f"asked for {asked.url}")
        ),
    )
    yield page
    assert faults == []


@pytest.fixture
def picture() -> Callable[[Page, str], None]:
    """Keeps a screenshot for the documentation where OMP_WRITE_SCREENSHOTS=1 asks for it."""

    def keep(page: Page, name: str) -> None:
        if os.environ.get("OMP_WRITE_SCREENSHOTS") == "1":
            IMAGES.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=IMAGES / f"{name}.png", full_page=True)

    return keep
