from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import StageError
from pipeline.stages.download.captions import Cue, parse_captions, read_captions

VTT = "WEBVTT\n\n"


def words(cues: list[Cue]) -> list[str]:
    return [" / ".join(line for _, line in cue.lines) for cue in cues]


def test_webvtt_and_srt_give_the_same_cues() -> None:
    vtt = parse_captions(VTT + "00:01.000 --> 00:02.500\nHello\nthere\n\n00:03.000 --> 00:04.000\nAgain\n")
    srt = parse_captions("1\n00:00:01,000 --> 00:00:02,500\nHello\nthere\n\n2\n00:00:03,000 --> 00:00:04,000\nAgain\n")
    assert vtt == srt
    assert vtt[0] == Cue(1.0, 2.5, ((None, "Hello"), (None, "there")))


def test_tags_and_entities_are_taken_out_and_comparisons_stay() -> None:
    cues = parse_captions(
        VTT + "00:01.000 --> 00:02.000\n<i>Tom</i> &amp; <c.red>Jerry</c>: 5 < 6 and 7 > 3 &lt;ok&gt;\n"
    )
    assert words(cues) == ["Tom & Jerry: 5 < 6 and 7 > 3 <ok>"]


def test_voice_spans_name_the_speaker_of_each_line() -> None:
    cues = parse_captions(VTT + "00:01.000 --> 00:02.000\n<v.loud Mary Ann>Hi</v> <v Bob &amp; Co>Yes\nreally\n")
    assert cues[0].lines == (("Mary Ann", "Hi"), ("Bob & Co", "Yes"), ("Bob & Co", "really"))


def test_srt_styling_is_taken_out() -> None:
    cues = parse_captions("1\n00:00:01,000 --> 00:00:02,000\n{\\an8}<font color=red>Top\\Nline</font>\n")
    assert words(cues) == ["Top / line"]


def test_notes_styles_and_cue_settings_are_no_words() -> None:
    text = (
        VTT
        + "STYLE\n::cue { color: red }\n\nNOTE a remark\n\nname\n00:01.000 --> 00:02.000 align:start line:0\nWords\n"
    )
    assert words(parse_captions(text)) == ["Words"]


def test_a_line_of_blanks_does_not_end_a_cue() -> None:
    assert words(parse_captions(VTT + "00:01.000 --> 00:02.000\n \nWords\n")) == ["Words"]


@pytest.mark.parametrize(
    "line",
    [
        "00:00:03,000 -> 00:00:04,000",
        "0:0:3,0 --> 0:0:4",
        "00:03.000 --> 00:04.000 X1:1",
        "00:00:03:000 --> 00:00:04:000",
    ],
)
def test_sloppy_time_lines_are_read(line: str) -> None:
    cues = parse_captions(f"1\n00:00:01,000 --> 00:00:02,000\nOne\n\n2\n{line}\nTwo\n")
    assert (cues[1].start, cues[1].end, words(cues)) == (3.0, 4.0, ["One", "Two"])


def test_an_unreadable_time_line_gets_the_gap_between_its_neighbours() -> None:
    blocks = [f"{n}\n00:00:{n * 2:02d},000 --> 00:00:{n * 2 + 1:02d},000\nCue {n}\n" for n in range(1, 8)]
    blocks[3] = "4\n00:00:xx,000 --> 00:00:09,000\nCue 4\n"
    cues = parse_captions("\n".join(blocks))
    assert words(cues) == [f"Cue {n}" for n in range(1, 8)]
    assert (cues[3].start, cues[3].end) == (7.0, 10.0)


def test_captions_of_mostly_unreadable_time_lines_are_corrupt() -> None:
    blocks = [f"{n}\n00:99:{n:02d},000 --> 00:99:59,000\nCue {n}\n" for n in range(1, 8)]
    with pytest.raises(StageError, match="7 of 7 time lines") as error:
        parse_captions("\n".join(blocks))
    assert error.value.error_type == "corrupt"


def test_srt_without_any_time_line_is_corrupt() -> None:
    with pytest.raises(StageError) as error:
        parse_captions("1\nfirst --> second\nwords\n")
    assert error.value.error_type == "corrupt"


def test_a_missing_blank_line_between_cues_does_not_glue_them_together() -> None:
    assert words(parse_captions("1\n00:00:01,000 --> 00:00:02,000\nOne\n2\n00:00:03,000 --> 00:00:04,000\nTwo\n")) == [
        "One",
        "Two",
    ]
    assert words(parse_captions(VTT + "00:01.000 --> 00:02.000\nOne\n00:03.000 --> 00:04.000\nTwo\n")) == ["One", "Two"]


def test_blank_lines_and_numbers_inside_an_srt_cue_stay_in_it() -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\nThe answer is\n\n42\n\n2\n00:00:03,000 --> 00:00:04,000\n1984\n"
    assert words(parse_captions(text)) == ["The answer is / 42", "1984"]


def test_cues_come_in_order_of_time_and_never_end_before_they_start() -> None:
    cues = parse_captions(VTT + "00:05.000 --> 00:04.000\nLater\n\n00:01.000 --> 00:02.000\nFirst\n")
    assert words(cues) == ["First", "Later"]
    assert cues[1].end == 5.0


def test_line_ends_and_byte_order_marks_of_other_systems_are_accepted() -> None:
    assert words(parse_captions("\ufeffWEBVTT\r\n\r\n00:01.000 --> 00:02.000\r\nOne\r\n")) == ["One"]
    assert words(parse_captions("1\r00:00:01,000 --> 00:00:02,000\rOne\r")) == ["One"]


def test_captions_without_words_are_an_empty_list() -> None:
    assert parse_captions("WEBVTT\n") == []
    assert parse_captions(VTT + "00:01.000 --> 00:02.000\n<i> </i>\n") == []


def test_an_arrow_among_the_words_is_a_word() -> None:
    assert words(parse_captions(VTT + "00:01.000 --> 00:02.000\nleft --> right\n")) == ["left -> right"]


@pytest.mark.parametrize("head", [VTT, "1\n"])
@pytest.mark.parametrize(
    "line",
    ["at 5.30 we go --> home", "step 1: a --> b", "00:05 --> 00:10 is where it broke", "1.5 --> 2.5", "go --> 10:30, sharp"],
)  # fmt: skip
def test_words_with_an_arrow_and_figures_stay_in_their_cue(head: str, line: str) -> None:
    before, after = "00:00:01.000 --> 00:00:02.000\n", "\n\n2\n00:00:03.000 --> 00:00:04.000\nTwo\n"
    arrow = line.replace("-->", "->") if head is VTT else line
    assert words(parse_captions(f"{head}{before}{line}{after}")) == [arrow, "Two"]
    if line != "1.5 --> 2.5":  # which further down may as well be a time line that is damaged
        assert words(parse_captions(f"{head}{before}One\n{line}{after}")) == [f"One / {arrow}", "Two"]


@pytest.mark.parametrize("head", [VTT, "1\n00:00:00.000 --> 00:00:00.500\nOne\n\n"])
def test_words_on_a_time_line_are_counted_as_dropped(head: str) -> None:
    read = read_captions(head + "2\n00:00:01.000 --> 00:00:02.000 never mind this\nTwo\n")
    assert words(read.cues)[-1] == "Two"
    assert read.dropped_words == 3


@pytest.mark.parametrize("settings", ["align:start position:0%", "line: 0 size:50%", "X1:40 X2:600 Y1:20 Y2:50"])
def test_the_settings_of_a_cue_are_no_words(settings: str) -> None:
    assert read_captions(VTT + f"00:01.000 --> 00:02.000 {settings}\nOne\n").dropped_words == 0


@pytest.mark.parametrize("comment", ["NOTE", "NOTE a remark", "NOTE\nof two lines", "NOTE from 00:01 --> here"])
def test_a_comment_ends_at_a_time_line(comment: str) -> None:
    read = read_captions(VTT + comment + "\n00:01.000 --> 00:02.000\nOne\n\n00:03.000 --> 00:04.000\nTwo\n")
    assert words(read.cues) == ["One", "Two"]
    assert read.dropped_words == 0


def test_a_long_line_full_of_arrows_is_read_in_no_time() -> None:
    started = time.process_time()
    parse_captions(VTT + "00:01.000 --> 00:02.000\n" + "1:2 <v -> " * 20_000 + "\n")
    assert time.process_time() - started < 2


def test_a_blank_line_between_a_time_line_and_its_words_loses_nothing() -> None:
    text = VTT + "00:01.000 --> 00:02.000\n\nnine words stand\n\nhere\n\n00:03.000 --> 00:04.000\n\n\nand here\n"
    read = read_captions(text)
    assert words(read.cues) == ["nine words stand / here", "and here"]
    assert [cue.start for cue in read.cues] == [1.0, 3.0]
    assert read.dropped_words == 0


def test_a_cue_without_words_takes_none_of_the_next_ones() -> None:
    text = (
        VTT + "1\n00:01.000 --> 00:02.000\n\n2\n00:03.000 --> 00:04.000\nTwo\n\n3\n\n00:05.000 --> 00:06.000\nThree\n"
    )
    read = read_captions(text)
    assert words(read.cues) == ["Two", "Three"]
    assert read.dropped_words == 0


@pytest.mark.parametrize(
    ("text", "dropped"),
    [
        (VTT + "words before all time\n\n00:01.000 --> 00:02.000\nOne\n", 4),
        (VTT + "00:01.000 --> 00:02.000\nOne\n\nNOTE remark\n\nafter a remark\n", 3),
        ("an introduction here\n1\n00:00:01,000 --> 00:00:02,000\nOne\n", 3),
        ("1\n00:00:01,000 --> 00:00:02,000\nOne\n", 0),
        (VTT + "NOTE\nsaid by nobody\n\nname of it\n00:01.000 --> 00:02.000\nOne\n", 0),
    ],
)
def test_words_without_a_time_are_counted_as_dropped(text: str, dropped: int) -> None:
    read = read_captions(text)
    assert words(read.cues) == ["One"]
    assert read.dropped_words == dropped


@pytest.mark.parametrize("head", [VTT, ""])
def test_a_number_is_a_word_where_cues_are_not_numbered(head: str) -> None:
    text = head + "00:01.000 --> 00:02.000\nThe answer is\n42\n00:03.000 --> 00:04.000\nTwo\n"
    assert words(parse_captions(text)) == ["The answer is / 42", "Two"]
    numbered = head + "1\n00:01.000 --> 00:02.000\nOne\n2\n00:03.000 --> 00:04.000\nTwo\n"
    assert words(parse_captions(numbered)) == ["One", "Two"]


LINES = ("", "", " ", "three words here", "NOTE remark", "00:01.000 --> 00:02.000")


@given(st.lists(st.sampled_from(LINES), max_size=14))
def test_words_are_in_a_cue_or_a_comment_or_name_a_cue_or_are_counted_as_dropped(body: list[str]) -> None:
    marked = [f"{line} mark{n}" if line in LINES[3:5] else line for n, line in enumerate(body)]
    read = read_captions(VTT + "00:00.500 --> 00:00.900\nstart\n\n" + "\n".join(marked) + "\n")
    shown = " ".join(words(read.cues)).split()
    lost = {n: len(marked[n].split()) for n, line in enumerate(body) if line in LINES[3:5] and f"mark{n}" not in shown}
    above = {n: "".join(itertools.takewhile(bool, reversed(body[:n]))).strip() for n in lost}  # of the same block
    heads = {n for n in lost if body[n] == LINES[4] and not above[n]}
    comments = {n for n in lost for m in heads if m <= n and not {"", LINES[5]} & {*body[m:n]}}
    names = {n for n in lost if body[n + 1 : n + 2] == [LINES[5]]}
    assert read.dropped_words == sum(count for n, count in lost.items() if n not in names | comments)
