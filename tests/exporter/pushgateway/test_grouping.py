from __future__ import annotations

import base64
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.errors import ApiError
from exporter.pushgateway.grouping import group_of, shown

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@pytest.mark.parametrize(
    ("path", "group"),
    [
        ("job/a", {"job": "a"}),
        ("job/a/", {"job": "a"}),
        ("job/a/shard/b%20c", {"job": "a", "shard": "b c"}),
        ("job/a/shard/b+c", {"job": "a", "shard": "b+c"}),
        ("job/a/shard/%41%25", {"job": "a", "shard": "A%"}),
        ("job/a/shard/", {"job": "a", "shard": ""}),
        ("job/a/path/%2Fvar%2Ftmp", {"job": "a", "path": "/var/tmp"}),
        ("job@base64/YS9i", {"job": "a/b"}),
        ("job%40base64/YS9i", {"job": "a/b"}),
        ("job@base64/YS9i/x@base64/=", {"job": "a/b", "x": ""}),
        ("job@base64/YS9i/x@base64/%3D", {"job": "a/b", "x": ""}),
        ("job/a%2Fb", {"job": "a/b"}),
        ("j%6Fb/%C3%A9", {"job": "é"}),
    ],
)
def test_grouping_keys_are_read_as_by_pushgateway(path: str, group: dict[str, str]) -> None:
    assert dict(group_of(path)) == group


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("job/", "a job that is not empty"),
        ("job/a/b", "pairs of label and value, got 3 parts"),
        ("job/a/b/c/", "got 5 parts"),
        ("job%2Fq", "got 1 parts"),
        ("job/a//b", "empty part"),
        ("job//x/y", "empty part"),
        ("job@base64/!", "base64"),
        ("job@base64/_w", "base64"),  # no UTF-8
        ("job/%FF", "UTF-8"),
        ("job/a/job/b", "cannot be a grouping label"),
        ("job/a/1x/b", "cannot be a grouping label"),
        ("job/a/__x/b", "cannot be a grouping label"),
        ("job/a/x%2Fy/b", "cannot be a grouping label"),
        ("job@base64/=", "a job that is not empty"),
        (f"job/{'x' * 1001}", "longer than 1000"),
        (f"job/a/{'x' * 201}/b", "cannot be a grouping label"),
    ],
)
def test_other_grouping_keys_are_refused_with_the_reason(path: str, said: str) -> None:
    with pytest.raises(ApiError, match=said) as caught:
        group_of(path)
    assert (caught.value.status, caught.value.reason) == (400, "malformed")


@given(
    st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True).filter(lambda name: name != "job"), TEXTS, max_size=3),
    TEXTS,
)
def test_every_value_can_be_said_both_ways(labels: dict[str, str], job: str) -> None:
    pairs = {"job": job or "x", **labels}
    coded = "/".join(
        f"{name}@base64/{base64.urlsafe_b64encode(v.encode()).decode() or '='}" for name, v in pairs.items()
    )
    assert dict(group_of(coded)) == pairs
    if all(pairs.values()):
        percent = "/".join(f"{name}/{quote(value, safe='')}" for name, value in pairs.items())
        assert dict(group_of(percent)) == pairs


def test_a_group_is_shown_as_prometheus_writes_labels() -> None:
    assert shown(group_of("job/a/shard/b")) == '{job="a", shard="b"}'
