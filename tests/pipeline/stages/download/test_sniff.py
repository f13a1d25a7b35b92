from __future__ import annotations

import time
from pathlib import Path

import pytest

from pipeline.stages.download.sniff import HEAD_BYTES, sniff


@pytest.mark.parametrize(
    ("name", "demuxer"),
    [
        ("tone.mp3", "mp3"),
        ("tone.wav", "wav"),
        ("tone.flac", "flac"),
        ("tone.ogg", "ogg"),
        ("tone.m4a", "mp4"),
        ("tone.mka", "matroska"),
        ("tone.aac", "aac"),
        ("film.mp4", "mp4"),
    ],
)
def test_media_are_told_by_their_bytes_whatever_their_name(media: Path, name: str, demuxer: str) -> None:
    content = sniff((media / name).read_bytes()[:HEAD_BYTES], ".txt", "text/html")
    assert (content.kind, content.demuxer) == ("media", demuxer)


def test_a_raw_mpeg_frame_without_tag_is_an_mp3() -> None:
    assert sniff(b"\xff\xfb\x90\x64" + bytes(400)).demuxer == "mp3"


def test_what_follows_an_id3_tag_decides() -> None:
    tag = b"ID3\x04\0\0\0\0\0\x0a" + bytes(10)
    assert sniff(tag + b"fLaC" + bytes(100)).demuxer == "flac"
    assert sniff(tag + bytes(100)).demuxer == "mp3"


@pytest.mark.parametrize(
    ("text", "suffix", "kind"),
    [
        ("WEBVTT\n\n00:01.000 --> 00:02.000\nHi", ".mp3", "captions"),
        ("\ufeffWEBVTT - title\n", "", "captions"),
        ("1\n00:00:01,000 --> 00:00:02,000\nHi", ".txt", "captions"),
        ("\n\n1\r\n00:00:xx,000 --> 00:00:02,000\r\nHi", "", "captions"),
        ("00:00:01,000 --> 00:00:02,000\nHi", ".srt", "captions"),
        ("Plain words.", ".mp4", "text"),
        ("1. First --> second\n2. Third", ".txt", "text"),
        ("1\nwater --> ice\n2\nice --> water", "", "text"),
        ("<!DOCTYPE html><html><body>Hi</body></html>", "", "html"),
        ("<!-- a --><!-- b -->\n<html lang=en>", "", "html"),
        ('<?xml version="1.0"?><!DOCTYPE html PUBLIC "x"><html>', "", "html"),
        ("<p>Just a paragraph</p>", ".html", "html"),
        ("<p>Just a paragraph</p>", "", "html"),
        ('<?xml version="1.0"?>\n<rss version="2.0">', "", "feed"),
        ('<feed xmlns="http://www.w3.org/2005/Atom">', "", "feed"),
        ("<?xml version='1.0'?><!-- x --><rdf:RDF>", "", "feed"),
        ('<?xml version="1.0"?><MPD>', "", "playlist"),
        ("#EXTM3U\n#EXTINF:9\nhttp://127.0.0.1/secret", ".mp4", "playlist"),
        ('<?xml version="1.0"?><catalog/>', "", "xml"),
        ("<svg>", "", "xml"),
        ("<angle brackets> in a poem", ".txt", "text"),
    ],
)
def test_texts_are_told_apart_by_how_they_begin(text: str, suffix: str, kind: str) -> None:
    assert sniff(text.encode(), suffix).kind == kind


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_a_text_in_another_encoding_is_still_a_text(encoding: str) -> None:
    assert sniff(("Déjà vu, said the cat. " * 20).encode(encoding)).kind == "text"


@pytest.mark.parametrize(
    "head",
    [
        b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
        b"PK\x03\x04" + bytes(200),
        b"\0\0\0\x1cftypavif" + bytes(300),
        b"\x7fELF" + bytes(300),
        bytes(500),
    ],
)
def test_other_binary_files_are_unknown(head: bytes) -> None:
    assert sniff(head, ".mp4").kind == "unknown"


def test_a_character_cut_in_two_at_the_end_is_no_reason_to_refuse_a_text() -> None:
    assert sniff("naïve words é".encode()[:-1]).kind == "text"


def test_a_page_of_many_comments_is_read_in_no_time() -> None:
    started = time.process_time()
    sniff(b"<!-- a -->" * 6000 + b"no root")
    assert time.process_time() - started < 1
