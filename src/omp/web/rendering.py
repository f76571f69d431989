"""Templates and the way values are written: units, minus signs, instants, never a bare None."""

import json
import math
import re
from datetime import UTC, datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

from omp.domain.campaign import ENVIRONMENTS
from omp.domain.figures import NOTHING, count, figure, number, percent, probability
from omp.ops import markdown_page
from omp.web.assets import address

_HEADING = re.compile(r"<(/?)h([1-6])>")


def duration(value: Any) -> str:
    """Seconds as a person says them."""
    if not isinstance(value, int | float) or not math.isfinite(value):
        return NOTHING
    seconds = int(value)
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, seconds = divmod(rest, 60)
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def instant(text: Any) -> Markup:
    """An instant as a `time` element: the hour today, with the day before that; UTC."""
    try:
        at = datetime.fromisoformat(str(text)).astimezone(UTC)
    except (ValueError, TypeError):
        return Markup("&ndash;")
    shown = f"{at:%H:%M:%S}" if at.date() == datetime.now(UTC).date() else f"{at:%d %b %Y %H:%M}"
    return Markup('<time datetime="{}" title="{} UTC">{}</time>').format(
        at.isoformat(), f"{at:%Y-%m-%d %H:%M:%S}", shown
    )


def day(text: Any) -> str:
    """The date of an instant."""
    return str(text)[:10] if text else NOTHING


def short(text: Any, length: int = 12) -> str:
    """The beginning of a hash or id."""
    return NOTHING if not text else str(text)[:length]


def card_body(markdown: str) -> str:
    """A card as the body of a page, its headings one level up, since they begin at the second."""
    return _HEADING.sub(
        lambda found: f"<{found[1]}h{max(1, int(found[2]) - 1)}>", markdown_page.fragment(markdown)
    )


def as_attribute(value: Any) -> str:
    """JSON for an attribute; the template escapes it."""
    return json.dumps(value, ensure_ascii=True, default=str)


def _environment() -> Environment:
    found = Environment(
        loader=PackageLoader("omp.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    found.filters.update(
        number=number,
        count=count,
        figure=figure,
        percent=percent,
        probability=probability,
        duration=duration,
        instant=instant,
        day=day,
        short=short,
        attribute=as_attribute,
    )
    found.globals.update(asset=address, environments=("all", *ENVIRONMENTS))
    for name in found.list_templates():  # now: an upgrade must not mix its pages with this code
        found.get_template(name)
    return found


TEMPLATES = _environment()


def page(name: str, **given: Any) -> HTMLResponse:
    """A rendered template."""
    text = TEMPLATES.get_template(name).render(**given)
    return HTMLResponse(text, headers={"cache-control": "no-store"})
