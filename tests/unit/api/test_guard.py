"""Who may speak to the daemon: hosts, origins, cookies, tokens."""

from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.unit.api.workspaces import make_desk

from omp.api.guard import Rules
from omp.api.server import create_app
from omp.ops.desk import Desk

HERE = "http://localhost:3001"
BROWSER = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Origin": HERE}


@pytest.fixture
def rules(client: TestClient) -> Rules:
    app = client.app
    found = app.rules  # type: ignore[attr-defined]
    assert isinstance(found, Rules)
    return found


def test_a_local_program_needs_no_token(client: TestClient) -> None:
    assert client.post("/api/omp/start").status_code == 200


def test_a_program_from_elsewhere_needs_one(desk: Desk) -> None:
    app = create_app(desk)
    far = TestClient(app, base_url=HERE, client=("192.0.2.7", 4000))
    assert far.get("/api/omp/status").status_code == 401
    bearer = {"Authorization": f"Bearer {app.rules.token}"}
    assert far.get("/api/omp/status", headers=bearer).status_code == 200
    wrong = {"Authorization": f"Bearer {app.rules.token}x"}
    assert far.get("/api/omp/status", headers=wrong).status_code == 401


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example:3001", "127.0.0.1.nip.io", "", "[::2]:3001"]
)
@pytest.mark.parametrize("path", ["/api/omp/status", "/", "/healthz", "/static/app.css"])
def test_a_foreign_host_is_refused_reads_included(client: TestClient, host: str, path: str) -> None:
    answer = client.get(path, headers={"Host": host})
    assert answer.status_code == 421


def test_a_second_host_header_is_refused(client: TestClient) -> None:
    answer = client.get("/healthz", headers=[("Host", "localhost"), ("Host", "evil.example")])
    assert answer.status_code == 421


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "null"},
        {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "http://localhost:8080", "Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://localhost.evil.example:3001"},
    ],
)
def test_another_site_cannot_make_us_do_anything(
    client: TestClient, rules: Rules, headers: dict[str, str]
) -> None:
    with_cookie = {**headers, "Cookie": f"{rules.cookie}={rules.token}"}
    assert client.post("/api/omp/start", headers=with_cookie).status_code == 403
    assert client.get("/api/omp/status", headers=with_cookie).status_code == 403
    assert client.get("/api/omp/status").json()["status"] == "offline"


def test_our_own_page_needs_its_cookie(client: TestClient, rules: Rules) -> None:
    assert client.post("/api/omp/start", headers=BROWSER).status_code == 401
    wrong = {**BROWSER, "Cookie": f"{rules.cookie}=guess"}
    assert client.post("/api/omp/start", headers=wrong).status_code == 401
    right = {**BROWSER, "Cookie": f"{rules.cookie}={rules.token}"}
    assert client.post("/api/omp/start", headers=right).status_code == 200


def test_a_navigation_receives_the_cookie(client: TestClient, rules: Rules) -> None:
    answer = client.get("/docs", headers={"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "none"})
    given = answer.headers["set-cookie"]
    assert given.startswith(f"{rules.cookie}={rules.token};")
    assert "HttpOnly" in given
    assert "SameSite=Strict" in given
    assert "set-cookie" not in client.get("/api/omp/status").headers


def test_a_navigation_by_post_is_none(client: TestClient) -> None:
    headers = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "cross-site", "Origin": "null"}
    assert client.post("/api/omp/start", headers=headers).status_code == 403


def test_two_workspaces_have_two_cookies(tmp_path: Path, client: TestClient, rules: Rules) -> None:
    other = make_desk(tmp_path / "other")
    assert create_app(other).rules.cookie != rules.cookie
    other.db.close()


def test_every_answer_carries_the_security_headers(client: TestClient) -> None:
    for path in ("/healthz", "/api/omp/status", "/nothing", "/docs"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"


@pytest.fixture
def guarded(tmp_path: Path) -> Callable[..., TestClient]:
    desk = make_desk(tmp_path / "token", config='[api]\nauth = "token"\n')

    def make(**more: object) -> TestClient:
        return TestClient(
            create_app(desk), base_url=HERE, client=("127.0.0.1", 1), follow_redirects=False
        )

    return make


def test_with_auth_token_everybody_needs_it(guarded: Callable[..., TestClient]) -> None:
    client = guarded()
    token = client.app.rules.token  # type: ignore[attr-defined]
    assert client.get("/healthz").status_code == 200
    assert client.get("/api/omp/status").status_code == 401
    assert client.post("/api/omp/start").status_code == 401
    page = client.get("/docs", headers={"Sec-Fetch-Mode": "navigate"})
    assert (page.status_code, page.headers["location"]) == (303, "/login")
    bearer = {"Authorization": f"Bearer {token}"}
    assert client.get("/api/omp/status", headers=bearer).status_code == 200


def test_login_gives_the_cookie_to_who_knows_the_token(
    guarded: Callable[..., TestClient],
) -> None:
    client = guarded()
    rules = client.app.rules  # type: ignore[attr-defined]
    form = {"Content-Type": "application/x-www-form-urlencoded", **BROWSER}
    wrong = client.post("/login", content="token=guess", headers=form)
    assert wrong.status_code == 401
    assert "set-cookie" not in wrong.headers
    right = client.post("/login", content=f"token={rules.token}", headers=form)
    assert right.status_code == 303
    cookie = right.headers["set-cookie"].split(";")[0]
    inside = client.get("/api/omp/status", headers={**BROWSER, "Cookie": cookie})
    assert inside.status_code == 200
    foreign = {"Cookie": cookie, "Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert client.post("/api/omp/start", headers=foreign).status_code == 403


def test_beyond_loopback_the_token_is_forced(tmp_path: Path) -> None:
    desk = make_desk(tmp_path / "lan", config='[api]\nhost = "192.0.2.1"\n')
    assert create_app(desk).rules.auth == "token"
    desk.db.close()
