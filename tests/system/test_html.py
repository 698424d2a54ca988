import pytest
from jinja2 import UndefinedError

from dreamvid.system.html import fill_template


def test_template_escapes_values_and_includes_files_as_they_are(tmp_path):
    (tmp_path / "style.css").write_text("a > b { color: red }")
    (tmp_path / "page.html").write_text('<p>{{ text }}</p>{% include "style.css" %}')
    page = fill_template(tmp_path / "page.html", text='<b> & "it\'s"')
    assert page == "<p>&lt;b&gt; &amp; &#34;it&#39;s&#34;</p>a > b { color: red }"


def test_template_without_a_value_is_an_error(tmp_path):
    (tmp_path / "page.html").write_text("{{ text }}")
    with pytest.raises(UndefinedError, match="text"):
        fill_template(tmp_path / "page.html")
