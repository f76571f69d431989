"""The table of rules in docs/reference/readiness.md, from the rules themselves."""

from omp.market.readiness_rules import rules

HEAD = (
    "| rule | says no when | severity | can be accepted |",
    "|---|---|---|---|",
)


def table() -> str:
    """The table as it stands in the page."""
    lines = [*HEAD, "| `schema` | a column is missing or there is no bar | fault | |"]
    for rule in rules().values():
        accepted = "yes" if rule.acceptable else ""
        lines.append(f"| `{rule.name}` | {rule.says_no} | {rule.severity} | {accepted} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(table(), end="")
