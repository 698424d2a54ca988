"""Fill the package's HTML templates, with every value escaped."""

from pathlib import Path


def fill_template(template: Path, **values: object) -> str:
    """Render a template, which may include others of its folder; missing values are errors."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # only where a page is made

    environment = Environment(
        loader=FileSystemLoader(template.parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(template.name).render(values)
