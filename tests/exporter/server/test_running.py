from __future__ import annotations

import json
import signal
import socket
import threading
import time
from pathlib import Path

import httpx
import pytest

from exporter.app import create_app
from exporter.server.running import BackgroundServer, ServerError, listen, serve, url_of
from exporter.settings import ExporterSettings
from pipeline.configuration.config import Config
from tests.exporter.conftest import Process, Running, eventually, total


def test_a_port_that_is_taken_is_said_so(running: Running) -> None:
    app = create_app(settings=ExporterSettings(), config=Config())
    port = int(running.url.rsplit(":", 1)[1])
    with pytest.raises(ServerError, match=rf"cannot listen on 127.0.0.1:{port}: Address already in use.*--port"):
        BackgroundServer(app, "127.0.0.1", port).start()


def test_a_server_that_cannot_listen_lets_go_of_its_journal(running: Running, tmp_path: Path) -> None:
    port = int(running.url.rsplit(":", 1)[1])
    settings = ExporterSettings(journal=tmp_path / "journal.sqlite")
    with pytest.raises(ServerError), BackgroundServer(create_app(settings=settings, config=Config()), port=port):
        pass
    with pytest.raises(ServerError):
        serve(create_app(settings=settings, config=Config()), port=port)
    create_app(settings=settings, config=Config()).state.exporter.close()  # a lock that is held would be refused


def test_an_address_that_is_none_is_said_so() -> None:
    for host, port in (("203.0.113.7", 0), ("no such host", 0), ("127.0.0.1", 70_000)):
        with pytest.raises(ServerError, match="cannot listen on"):
            listen(host, port)


def test_the_address_is_one_that_can_be_opened() -> None:
    for host, shown in (("127.0.0.1", "http://127.0.0.1:"), ("0.0.0.0", "http://localhost:")):
        with listen(host, 0) as bound:
            assert url_of(bound).startswith(shown)


def test_a_server_that_was_not_started_has_no_address() -> None:
    server = BackgroundServer(create_app(settings=ExporterSettings(), config=Config()))
    with pytest.raises(ServerError, match="not been started"):
        _ = server.url
    server.stop()


def test_an_ended_process_finishes_what_is_under_way(tmp_path: Path, processes: list[Process]) -> None:
    process = Process(tmp_path)
    processes.append(process)
    body = json.dumps([{"processing_type": "full"}] * 5).encode()
    host, port = process.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as under_way:
        head = "POST /api/performance/record/batch HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        under_way.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[:10])
        eventually(lambda: httpx.get(f"{process.url}/health").status_code == 200)
        process.process.send_signal(signal.SIGTERM)
        eventually(lambda: not _listens(host, int(port)))
        under_way.sendall(body[10:])
        received = b""
        while piece := under_way.recv(4096):
            received += piece
        assert b'"count":5' in received
    started = time.monotonic()
    assert process.end(None) == (0, "")
    assert time.monotonic() - started < 10
    again = Process(tmp_path)
    processes.append(again)
    assert httpx.get(f"{again.url}/ready").json()["replayed"] == 0  # all of it was in the last snapshot
    assert total(httpx.get(f"{again.url}/metrics").text, "pipeline_items_total") == 5


def _listens(host: str, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0


def test_ctrl_c_ends_it_as_well(tmp_path: Path, processes: list[Process]) -> None:
    processes.append(Process(tmp_path))
    assert processes[0].end(signal.SIGINT) == (0, "")


def test_many_senders_at_once_lose_nothing(running: Running) -> None:
    def send(sender: int) -> None:
        with httpx.Client(base_url=running.url, timeout=30) as client:
            for n in range(40):
                fields = {"processing_type": "full", "content_type": "news"}
                headers = {"Idempotency-Key": f"{sender}-{n % 30}"}
                client.post("/api/performance/record", json=fields, headers=headers).raise_for_status()

    threads = [threading.Thread(target=send, args=(sender,)) for sender in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert running.value("pipeline_items_total") == 8 * 30
    assert running.value("exporter_duplicate_records_total ") == 8 * 10
