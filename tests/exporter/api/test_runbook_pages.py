from __future__ import annotations

from pathlib import Path

import pytest

from monitoring.domains.catalogue import runbooks
from tests.exporter.conftest import Serve


def test_runbooks_are_served_and_nothing_beside_them(serve: Serve, tmp_path: Path) -> None:
    folder = tmp_path / "runbooks"
    folder.mkdir()
    (folder / "PipelineDown.md").write_text("# <Down>\nlook here")
    (tmp_path / "secret.md").write_text("secret")
    running = serve(runbooks=folder)
    plain = running.client.get("/runbooks/PipelineDown")
    assert (plain.text, plain.headers["Content-Type"]) == ("# <Down>\nlook here", "text/markdown; charset=utf-8")
    page = running.client.get("/runbooks/PipelineDown.md", headers={"Accept": "text/html,*/*"})
    assert "<h1>&lt;Down&gt;</h1>" in page.text
    assert 'href="runbooks/PipelineDown"' in running.client.get("/runbooks").text
    for name in ("../secret", "..%2Fsecret", "%2e%2e/secret", "nope", ".hidden", "a" * 300):
        assert running.client.get(f"/runbooks/{name}").status_code == 404


def test_a_browser_gets_a_runbook_as_a_page_that_can_run_nothing(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "PipelineDown.md").write_text(
        "<!-- generated -->\n\n| a | b |\n|---|---|\n| `up` | [other](Other.md) |\n\n```promql\nup < 1\n```\n\n"
        "<script>alert(1)</script> <img src=x onerror=alert(2)> [x](javascript:alert(3))\n"
    )
    (tmp_path / "README.md").write_text("all of them: [PipelineDown](PipelineDown.md)")
    client = serve(runbooks=tmp_path).client
    page = client.get("/runbooks/PipelineDown", headers={"Accept": "text/html"}).text
    assert '<td><code>up</code></td>\n<td><a href="Other.md">other</a></td>' in page
    assert '<pre><code class="language-promql">up &lt; 1' in page
    assert "generated" not in page
    assert "<script" not in page
    assert "<img" not in page
    assert 'href="javascript' not in page
    index = client.get("/runbooks", headers={"Accept": "text/html"}, follow_redirects=True)
    assert (index.url.path, 'href="PipelineDown.md"' in index.text) == ("/runbooks/README", True)


def test_a_runbook_that_the_folder_lacks_is_the_one_that_came_with_the_installation(
    serve: Serve, tmp_path: Path
) -> None:
    (tmp_path / "PipelineDown.md").write_text("our own")
    client = serve(runbooks=tmp_path).client
    assert client.get("/runbooks/PipelineDown").text == "our own"
    assert client.get("/runbooks/PipelineStalled").text.startswith("<!-- Compiled")
    elsewhere = serve(runbooks=tmp_path / "nowhere").client
    assert "PipelineStalled.md" in elsewhere.get("/runbooks", follow_redirects=True).text


def test_an_alert_of_which_no_folder_has_a_page_leads_to_what_its_domain_says(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "BakeryLoavesPale.md").write_text("## Meaning\n\nLoaves are pale.\n")
    said = {name: tmp_path / f"{name}.md" for name in ("BakeryLoavesPale", "PipelineDown")}
    monkeypatch.setattr("exporter.app.written", lambda: said)
    client = serve(runbooks=tmp_path / "nowhere").client
    assert client.get("/runbooks/BakeryLoavesPale").text == "# BakeryLoavesPale\n\n## Meaning\n\nLoaves are pale.\n"
    page = client.get("/runbooks/BakeryLoavesPale", headers={"Accept": "text/html"}).text
    assert "<h2>Meaning</h2>" in page
    assert client.get("/runbooks/PipelineDown").text.startswith("<!-- Compiled")
    assert client.get("/runbooks/BakeryLoavesBurnt").status_code == 404


def test_our_own_alerts_all_have_a_text_of_their_domain() -> None:
    assert all(page.is_file() for page in runbooks().values())
    assert {"PipelineDown", "NotificationsFailing"} <= set(runbooks())
