"""Tables and numbers as they stand in the README."""


def table(head, rows):
    """The lines of a Markdown table; numbers stand right."""
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * (len(head) - 1)]
    return lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows]


def seconds(value):
    return f"{value:.2f} s"


def mib(value):
    return f"{value / 2**20:,.0f} MiB"


def times(value):
    return f"{value:.2f}x"


def goal(value, bound, unit="x", most=True):
    """A number beside its target, and whether it is met."""
    met = value <= bound if most else value >= bound
    sign = "<=" if most else ">="
    return f"{value:.2f}{unit} (target {sign} {bound:g}{unit}: {'met' if met else 'missed'})"
