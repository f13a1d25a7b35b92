from __future__ import annotations

from tests.exporter.conftest import Running, Serve


def test_the_dashboard_is_grafana(serve: Serve) -> None:
    response = serve(grafana_url="http://grafana.example:3000/d/x").client.get("/dashboard")
    assert (response.status_code, response.headers["location"]) == (307, "http://grafana.example:3000/d/x")
    response = serve(journal=None).client.get("/dashboard")
    assert response.status_code == 404
    assert "GRAFANA_URL" in response.json()["error"]["message"]


def test_the_landing_page_links_to_what_works(running: Running) -> None:
    page = running.client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    links = [part.split('"')[0] for part in page.text.split('href="')[1:]]
    assert "/metrics" in links
    for link in links:
        assert running.client.get(link).status_code == 200, link
