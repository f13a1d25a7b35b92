from __future__ import annotations

import socket
import threading

import pytest

from exporter.server.protocol import GuardedProtocol
from tests.exporter.conftest import Running, Serve, eventually


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(GuardedProtocol, "header_seconds", 0.2)
    monkeypatch.setattr(GuardedProtocol, "reader_seconds", 0.2)


def connect(running: Running) -> socket.socket:
    host, port = running.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=10)


def answer(connection: socket.socket) -> bytes:
    """Everything until the other side closes."""
    received = b""
    while piece := connection.recv(65536):
        received += piece
    return received


def test_a_client_that_says_nothing_is_cut_off(impatient: None, running: Running) -> None:
    with connect(running) as silent:
        assert answer(silent) == b""


def test_a_client_that_drips_its_headers_is_cut_off(impatient: None, running: Running) -> None:
    with connect(running) as slow:
        slow.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n")
        stop = threading.Event()

        def drip() -> None:
            while not stop.wait(0.05):
                try:
                    slow.sendall(b"X-A: b\r\n")
                except OSError:
                    return

        thread = threading.Thread(target=drip)
        thread.start()
        assert answer(slow).startswith(b"HTTP/1.1 408")
        stop.set()
        thread.join()


@pytest.mark.parametrize("pieces", [1, 50])
def test_headers_that_are_too_large_are_refused(running: Running, pieces: int) -> None:
    head = b"GET /health HTTP/1.1\r\nHost: x\r\n" + b"X-Long: " + b"a" * 200_000 + b"\r\n\r\n"
    size = len(head) // pieces + 1
    with connect(running) as greedy:
        received = b""
        try:
            for start in range(0, len(head), size):
                greedy.sendall(head[start : start + size])
            received = answer(greedy)
        except OSError:
            pass  # it was closed while we were still sending
    assert received[:12] in (b"HTTP/1.1 431", b"")
    assert running.client.get("/health").status_code == 200


def test_a_large_body_in_one_piece_is_no_large_header(running: Running) -> None:
    rows = [{"processing_type": "full"}] * 20_000
    assert running.client.post("/api/performance/record/batch", json=rows).json()["count"] == 20_000


def test_a_body_that_never_arrives_is_given_up(serve: Serve) -> None:
    running = serve(body_timeout_seconds=0.2)
    for path in (b"/api/performance/record", b"/api/performance/record/batch"):
        with connect(running) as slow:
            slow.sendall(
                b"POST "
                + path
                + b" HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{"
            )
            assert slow.recv(100).startswith(b"HTTP/1.1 408")
    assert running.value('exporter_rejected_records_total{reason="timeout"}') == 2


def test_a_sender_that_goes_away_half_way_counts_nothing(running: Running) -> None:
    with connect(running) as gone:
        gone.sendall(
            b"POST /api/performance/record HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{"
        )
    eventually(lambda: running.client.get("/health").status_code == 200)
    assert running.value("pipeline_items_total") == 0


def test_a_client_that_does_not_read_its_answer_is_cut_off(impatient: None, running: Running) -> None:
    host, port = running.url.removeprefix("http://").split(":")
    stuck = socket.socket()
    stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    stuck.connect((host, int(port)))
    with stuck:
        stuck.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 40)
        connections = running.server._server.server_state.connections
        eventually(lambda: len(connections) == 1)
        eventually(lambda: len(connections) == 0)
    assert running.client.get("/health").status_code == 200


def test_pipelined_and_split_requests_are_understood(running: Running) -> None:
    body = b'{"processing_type":"full"}'
    head = (
        b"POST /api/performance/record HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 26\r\n"
    )
    with connect(running) as connection:
        connection.sendall((head + b"\r\n" + body) * 2)
        for start in range(0, len(head), 7):
            connection.sendall(head[start : start + 7])
        connection.sendall(b"Connection: close\r\n\r\n")
        for byte in body:
            connection.sendall(bytes([byte]))
        assert answer(connection).count(b'{"status":"recorded"}') == 3
    assert running.value("pipeline_items_total") == 3
