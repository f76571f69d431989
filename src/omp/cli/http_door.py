"""The verbs over HTTP, as one table: verb, method, address, what goes into the query."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from omp.cli.doors import Daemon
from omp.domain.errors import Fault, InvalidConfiguration, OmpError, ResourceShort
from omp.wire.workspace import Workspace

if TYPE_CHECKING:
    import httpx2

BASE = "/api/omp"
TIMEOUT_S = 30.0
LONG_S = 600.0


@dataclass(frozen=True)
class Route:
    """How a verb is asked for.

    Args:
        method: Of HTTP.
        path: Below `/api/omp`; `{name}` takes the argument of that name.
        query: Arguments that go into the query, as argument -> parameter.
        timeout_s: How long the daemon may take.
        header: Arguments that go into headers, as argument -> header.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    timeout_s: float = TIMEOUT_S
    header: tuple[tuple[str, str], ...] = ()


def _same(*names: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, name) for name in names)


_DRY = _same("dry_run")
_LIST = _same("limit", "environment", "after", "state")

ROUTES: dict[str, Route] = {
    "miner.start": Route("POST", "/start"),
    "miner.stop": Route("POST", "/stop"),
    "miner.pause": Route("POST", "/pause"),
    "miner.resume": Route("POST", "/resume"),
    "miner.status": Route("GET", "/status"),
    "maintenance.state": Route("GET", "/maintenance"),
    "maintenance.turn": Route("POST", "/maintenance"),
    "queue.list": Route("GET", "/queue"),
    "queue.show": Route("GET", "/queue/{campaign}"),
    "queue.add": Route("POST", "/queue", _DRY, header=(("idempotency_key", "Idempotency-Key"),)),
    "queue.change": Route("PATCH", "/queue/{campaign}", _DRY),
    "queue.remove": Route("DELETE", "/queue/{campaign}", _same("reason", "dry_run")),
    "queue.bulk": Route("POST", "/queue/bulk", _DRY),
    "queue.move": Route("PATCH", "/queue/{campaign}", _DRY),
    "queue.lift": Route("POST", "/queue/{campaign}/lift", _DRY),
    "queue.again": Route("POST", "/queue/{campaign}/run", _DRY),
    "queue.approve": Route("POST", "/queue/{campaign}/approvals", _DRY),
    "queue.disapprove": Route(
        "DELETE", "/queue/{campaign}/approvals/{approval}", _same("reason", "dry_run")
    ),
    "queue.why": Route("GET", "/queue/{campaign}/why"),
    "runs.list": Route("GET", "/runs", (*_LIST, ("campaign", "campaign_id"), ("place", "place"))),
    "runs.show": Route("GET", "/runs/{run}"),
    "runs.candidates": Route("GET", "/runs/{run}/candidates", _LIST),
    "runs.funnel": Route("GET", "/runs/{run}/funnel"),
    "ledger.window": Route("POST", "/trials/{lineage}/window", timeout_s=LONG_S),
    "ledger.funnel": Route("GET", "/trials/{lineage}/funnel"),
    "runs.luck": Route("POST", "/runs/{run}/luck", timeout_s=LONG_S),
    "runs.refused": Route("GET", "/runs/{run}/refused", _LIST),
    "runs.cancel": Route("POST", "/runs/{run}/cancel"),
    "runs.restore": Route("POST", "/runs/{run}/restore", timeout_s=LONG_S),
    "runs.undelete": Route("POST", "/runs/{run}/undelete", timeout_s=LONG_S),
    "runs.hold": Route("POST", "/runs/{run}/hold"),
    "runs.release": Route("POST", "/runs/{run}/release"),
    "promotion.check": Route("GET", "/promote-check", (("run", "runId"),)),
    "promotion.promote": Route("POST", "/promote", timeout_s=LONG_S),
    "reviews.list": Route("GET", "/reviews", _LIST),
    "reviews.sign": Route("POST", "/reviews"),
    "hall.list": Route("GET", "/hall-of-fame", _LIST),
    "hall.show": Route("GET", "/hall-of-fame/{entry}"),
    "hall.act": Route("POST", "/hall-of-fame/{entry}/{action}"),
    "hall.sync": Route("POST", "/hof-sync", timeout_s=120.0),
    "hall.drift": Route("POST", "/hof-sync/check", _same("repair"), timeout_s=120.0),
    "incidents.report": Route("POST", "/incidents"),
    "silences.list": Route("GET", "/silences"),
    "silences.add": Route("POST", "/silences"),
    "silences.lift": Route("DELETE", "/silences/{silence}"),
    "alerts.test": Route("POST", "/alerts/test", timeout_s=120.0),
    "incidents.list": Route("GET", "/incidents", _LIST),
    "incidents.show": Route("GET", "/incidents/{incident}"),
    "incidents.acknowledge": Route("POST", "/incidents/{incident}/acknowledge"),
    "incidents.resolve": Route("POST", "/incidents/{incident}/resolve"),
    "data.list": Route("GET", "/data", _LIST),
    "data.import": Route("POST", "/data", timeout_s=LONG_S),
    "data.sets": Route("GET", "/data-sets", _LIST),
    "data.show": Route("GET", "/data-sets/{data_set}"),
    "data.update": Route("POST", "/data-sets/{data_set}/update", timeout_s=LONG_S),
    "data.age": Route("POST", "/data-sets/{data_set}/age"),
    "data.derive": Route("POST", "/data-sets/{parent}/derive", timeout_s=LONG_S),
    "data.judge": Route("POST", "/data-sets/{data_set}/judge", timeout_s=LONG_S),
    "data.repair": Route("POST", "/data-sets/{parent}/repair", timeout_s=LONG_S),
    "data.fetch": Route("POST", "/data-fetch", timeout_s=LONG_S),
    "data.incident": Route("POST", "/data/{data_set}/incidents"),
    "data.incidents": Route("GET", "/data/{data_set}/incidents", _LIST),
    "data.revalidations": Route("GET", "/revalidations", _LIST),
    "reports.show": Route("GET", "/reports/{kind}", (("subject", "subject"),)),
    "retention.clean": Route("POST", "/cleanup", timeout_s=LONG_S),
    "backup.make": Route("POST", "/backup", timeout_s=LONG_S),
    "config.show": Route("GET", "/config"),
}


class HttpDoor:
    """The verbs of a live daemon."""

    is_live = True

    def __init__(self, workspace: Workspace, daemon: Daemon) -> None:
        import httpx2

        self.daemon = daemon
        self._workspace = workspace
        self._client = httpx2.Client(
            base_url=daemon.address, headers=_credentials(workspace), trust_env=False
        )

    def call(self, verb: str, given: dict[str, Any]) -> Any:
        """Ask the daemon.

        Raises:
            ResourceShort: If it does not answer.
            OmpError: Whatever the daemon refused, as it would be without HTTP.
        """
        import httpx2

        if verb not in ROUTES:
            from omp.cli.ops_door import read_beside

            return read_beside(self._workspace, verb, given)
        route = ROUTES[verb]
        rest = dict(given)
        path = route.path
        for name in [one for one in given if "{" + one + "}" in path]:
            path = path.replace("{" + name + "}", _segment(rest.pop(name)))
        query = {param: rest.pop(name) for name, param in route.query if name in rest}
        headers = {param: str(rest.pop(name)) for name, param in route.header if name in rest}
        try:
            response = self._client.request(
                route.method,
                BASE + path,
                params=query,
                json=rest if route.method in ("POST", "PATCH") else None,
                headers=headers,
                timeout=route.timeout_s,
            )
        except httpx2.HTTPError as error:
            raise ResourceShort(
                f"the daemon (process {self.daemon.pid}) does not answer at "
                f"{self.daemon.address}: {type(error).__name__}",
                remedy="look into logs/ of the workspace; if it hangs, end that process and run "
                "omp up again, nothing is lost",
            ) from error
        if response.status_code >= 400:
            raise refusal(response)
        if not response.content:
            return {}
        if "json" not in response.headers.get("content-type", ""):
            return {"text": response.text}
        return response.json()

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


def _segment(value: object) -> str:
    from urllib.parse import quote

    return quote(str(value), safe="")


def _credentials(workspace: Workspace) -> dict[str, str]:
    try:
        token = (workspace.state / "token").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return {}
    return {"Authorization": f"Bearer {token}"} if token else {}


def _kinds(kind: type[OmpError]) -> dict[str, type[OmpError]]:
    found = {kind.code: kind}
    for child in kind.__subclasses__():
        found.update(_kinds(child))
    return found


_BY_STATUS = {404: "not_found", 409: "conflict", 412: "precondition_failed", 422: "invalid_input"}


def refusal(response: "httpx2.Response") -> OmpError:
    """The error of a problem document, of the class that `ops` would have raised."""
    try:
        problem = response.json()
    except ValueError:
        problem = {}
    if not isinstance(problem, dict):
        problem = {}
    kinds = _kinds(OmpError)
    code = str(problem.get("type", "")).rpartition("#")[2]
    kind = kinds.get(code) or kinds[_BY_STATUS.get(response.status_code, "error")]
    asked = str(problem.get("detail") or f"the daemon answered {response.status_code}")
    remedy = str(problem.get("remedy") or "")
    faults = tuple(
        Fault(str(one.get("path")), str(one.get("problem")), str(one.get("allowed") or ""))
        for one in problem.get("faults") or ()
        if isinstance(one, dict)
    )
    if faults:
        head = asked.split(": ", 1)[0]
        return InvalidConfiguration(head, faults=faults, remedy=remedy)
    if kind is InvalidConfiguration:
        return InvalidConfiguration(asked, remedy=remedy)
    return kind(asked, allowed=str(problem.get("allowed") or ""), remedy=remedy)
