"""Boards as Grafana's JSON, by way of Grafana's own typed builders."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec
from grafana_foundation_sdk.builders import bargauge, common, dashboard, heatmap, prometheus, stat, table, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as kinds
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models import heatmap as heatmaps
from grafana_foundation_sdk.models import prometheus as queries

from monitoring.compile.dashboards.grid import Place, placed
from monitoring.compile.dashboards.notes import NOTES, Note
from monitoring.compile.dashboards.variables import VARIABLES, Variable
from monitoring.domains.board import Board, Column, Panel, Query, Scale, Steps

Builder = Any  # each kind of panel has a builder class of its own, without a common base
TAG = "pipemeter"
_SOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
_SCHEMAS = (((11, 6), 41), ((11, 3), 40), ((10, 3), 39), ((10, 0), 38))  # Grafana from -> schema of its dashboards


def rendered(board: Board, grafana: tuple[int, int]) -> str:
    """Return the dashboard's JSON for a version of Grafana, at least 10.0: sorted keys, two spaces, a final newline."""
    builder = (
        dashboard.Dashboard(board.title)
        .uid(board.uid)
        .description(board.description)
        .tags([TAG])
        .readonly()
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .time(board.start, "now")
        .refresh(board.refresh)
        .timezone("browser")
        .link(_link())
        .with_variable(_data_source())
    )
    for name in board.variables:
        builder.with_variable(_variable(name, VARIABLES[name]))
    for note in NOTES:
        builder.annotation(_annotation(note))
    for panel, place in placed(board.panels):
        builder.with_panel(_panel(panel, place))
    return _text(builder, grafana)


def _text(builder: dashboard.Dashboard, grafana: tuple[int, int]) -> str:
    document = json.loads(JSONEncoder().encode(builder.build()))
    document["schemaVersion"] = next(schema for since, schema in _SCHEMAS if grafana >= since)
    for annotation, note in zip(document["annotations"]["list"], NOTES, strict=True):
        annotation |= {"titleFormat": note.title, "textFormat": note.text}  # no builder has these two
    return json.dumps(document, sort_keys=True, indent=2, ensure_ascii=False) + "\n"


def _link() -> dashboard.DashboardLink:
    return (
        dashboard.DashboardLink("Boards")
        .type(models.DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .as_dropdown(True)
        .include_vars(True)
        .keep_time(True)
    )


def _data_source() -> dashboard.DatasourceVariable:
    return dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus")


def _variable(name: str, variable: Variable) -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable(name)
        .label(variable.label)
        .description(variable.help)
        .datasource(_SOURCE)
        .query({"query": variable.query, "refId": name, "qryType": 1})
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".*")
        .current(models.VariableOption(selected=True, text="All", value="$__all"))
    )


def _annotation(note: Note) -> dashboard.AnnotationQuery:
    return (
        dashboard.AnnotationQuery()
        .name(note.name)
        .datasource(_SOURCE)
        .enable(True)
        .icon_color(note.colour)
        .expr(note.expr)
    )


def _panel(panel: Panel, place: Place) -> Builder:
    builder = _KINDS[panel.kind](panel)
    builder.id(place.number).title(panel.title).description(described(panel)).datasource(_SOURCE)
    builder.grid_pos(models.GridPos(h=place.height, w=place.width, x=place.x, y=place.y))
    builder.no_value(panel.empty)
    _scaled(builder, _scale(panel))
    for number, query in enumerate(panel.queries):
        builder.with_target(_target(query, chr(ord("A") + number)))
    for name, colour in panel.colours.items():
        builder.override_by_name(name, [_property("color", {"mode": "fixed", "fixedColor": colour})])
    return builder


def described(panel: Panel) -> str:
    """Return a panel's description: how to read it, what does not narrow it, the metrics it shows."""
    free = dict.fromkeys(name for query in panel.queries for name in query.free)
    labels = [VARIABLES[name].label.lower() for name in free if all(name in q.free for q in panel.queries)]
    note = f" The choice of {' and '.join(labels)} does not narrow it." if labels else ""
    return f"{panel.how}{note}\n\nMetric: {', '.join(f'`{name}`' for name in panel.families)}"


def _target(query: Query, ref: str) -> prometheus.Dataquery:
    target = prometheus.Dataquery().ref_id(ref).expr(query.expr).datasource(_SOURCE)
    target.legend_format(query.legend or "__auto").format(queries.PromQueryFormat(query.form))
    target.editor_mode(queries.QueryEditorMode.CODE)
    if query.step:
        target.interval(query.step)
    if query.exemplars:
        target.exemplar(True)
    return target.instant() if query.now else target.range()


def _scaled(builder: Builder, scale: Scale) -> None:
    builder.unit(scale.unit)
    if scale.decimals is not None:
        builder.decimals(scale.decimals)
    if scale.minimum is not None:
        builder.min(scale.minimum)
    if scale.maximum is not None:
        builder.max(scale.maximum)
    if scale.steps:
        builder.thresholds(_thresholds(scale.steps))


def _scale(panel: Panel) -> Scale:
    """Return a panel's scale; bars that are compared by length begin at 0, axes choose their own decimals."""
    scale = panel.scale
    if panel.kind == "ranking" or panel.stacked:
        scale = msgspec.structs.replace(scale, minimum=0)
    if panel.kind not in ("lines", "bars") or scale.unit == "none":
        return scale
    unit = "short" if scale.unit == "locale" else scale.unit
    return msgspec.structs.replace(scale, unit=unit, decimals=None)


def _thresholds(steps: Steps) -> dashboard.ThresholdsConfig:
    return (
        dashboard.ThresholdsConfig()
        .mode(models.ThresholdsMode.ABSOLUTE)
        .steps([models.Threshold(value=value, color=colour) for value, colour in steps])
    )


def _property(name: str, value: object) -> models.DynamicConfigValue:
    return models.DynamicConfigValue(id_val=name, value=value)


def _colour(mode: models.FieldColorModeId, fixed: str = "") -> dashboard.FieldColor:
    colour = dashboard.FieldColor().mode(mode)
    return colour.fixed_color(fixed) if fixed else colour


def _by_steps(scale: Scale, otherwise: str = "text") -> dashboard.FieldColor:
    """Colour by the scale's steps, in one plain colour where it has none."""
    if scale.steps:
        return _colour(models.FieldColorModeId.THRESHOLDS)
    return _colour(models.FieldColorModeId.FIXED, otherwise)


def _last() -> common.ReduceDataOptions:
    return common.ReduceDataOptions().calcs(["lastNotNull"]).values(False).fields("")


def _number(panel: Panel) -> Builder:
    named = any(query.legend for query in panel.queries)
    return (
        stat.Panel()
        .reduce_options(_last())
        .graph_mode(kinds.BigValueGraphMode.NONE)
        .color_mode(kinds.BigValueColorMode.VALUE)
        .text_mode(kinds.BigValueTextMode.VALUE_AND_NAME if named else kinds.BigValueTextMode.VALUE)
        .justify_mode(kinds.BigValueJustifyMode.AUTO)
        .wide_layout(True)
        .color_scheme(_by_steps(panel.scale))
        .mappings([_absent(panel.empty)])
    )


def _absent(text: str) -> models.ValueMapping:
    """Write an absent value in a plain colour: it is neither good nor bad."""
    result = models.ValueMappingResult(text=text, color="text", index=0)
    options = models.DashboardSpecialValueMapOptions(match=models.SpecialValueMatch.NULL_AND_NAN, result=result)
    return models.SpecialValueMap(options=options)


def _ranking(panel: Panel) -> Builder:
    return (
        bargauge.Panel()
        .reduce_options(_last())
        .orientation(kinds.VizOrientation.HORIZONTAL)
        .display_mode(kinds.BarGaugeDisplayMode.BASIC)
        .value_mode(kinds.BarGaugeValueMode.TEXT)
        .name_placement(kinds.BarGaugeNamePlacement.TOP)
        .show_unfilled(True)
        .sizing(kinds.BarGaugeSizing.AUTO)
        .min_viz_height(12)
        .color_scheme(_by_steps(panel.scale, "blue"))
    )


def _lines(panel: Panel) -> Builder:
    builder = _plot(panel).line_width(2).fill_opacity(60 if panel.stacked else 0)
    builder.draw_style(kinds.GraphDrawStyle.LINE).show_points(kinds.VisibilityMode.AUTO)
    return builder.line_interpolation(kinds.LineInterpolation.LINEAR).span_nulls(False)


def _bars(panel: Panel) -> Builder:
    builder = _plot(panel).line_width(0).fill_opacity(80).bar_alignment(kinds.BarAlignment.BEFORE)
    return builder.draw_style(kinds.GraphDrawStyle.BARS).bar_width_factor(0.85)


def _plot(panel: Panel) -> Builder:
    style = kinds.GraphThresholdsStyleMode.DASHED if panel.marks else kinds.GraphThresholdsStyleMode.OFF
    stacking = kinds.StackingMode.NORMAL if panel.stacked else kinds.StackingMode.NONE
    builder = timeseries.Panel()
    known = [value for value, _ in panel.scale.steps if value is not None]
    if panel.marks and known:  # let the marks be seen
        builder.axis_soft_min(min(known)).axis_soft_max(max(known))
    return (
        builder.legend(_legend(panel))
        .tooltip(common.VizTooltipOptions().mode(kinds.TooltipDisplayMode.MULTI).sort(kinds.SortOrder.DESCENDING))
        .color_scheme(_colour(models.FieldColorModeId.PALETTE_CLASSIC))
        .thresholds_style(common.GraphThresholdsStyleConfig().mode(style))
        .stacking(common.StackingConfig().mode(stacking).group("A"))
        .insert_nulls(False)
    )


def _legend(panel: Panel) -> common.VizLegendOptions:
    """Put the legend where all of it is seen: many lines beside the plot (on a phone Grafana moves it below).

    Where labels name the lines, and so nobody knows how many there are, the largest come first.
    """
    labelled = any("{{" in query.legend for query in panel.queries)
    many = labelled or len(panel.queries) > 2
    legend = common.VizLegendOptions().display_mode(kinds.LegendDisplayMode.TABLE)
    legend.placement(kinds.LegendPlacement.RIGHT if many else kinds.LegendPlacement.BOTTOM)
    if labelled:
        legend.sort_by("Mean").sort_desc(True)
    return legend.show_legend(True).calcs(["mean", "lastNotNull"])


def _heatmap(panel: Panel) -> Builder:
    axis = heatmap.YAxisConfig().unit(panel.scale.unit).axis_placement(kinds.AxisPlacement.LEFT)
    if panel.scale.decimals is not None:
        axis.decimals(panel.scale.decimals)
    colour = heatmap.HeatmapColorOptions().mode(heatmaps.HeatmapColorMode.SCHEME).scheme("Blues").steps(32)
    return (
        heatmap.Panel()
        .calculate(False)
        .rows_frame(heatmap.RowsHeatmapOptions().layout(kinds.HeatmapCellLayout.LE))
        .color(colour.scale(heatmaps.HeatmapColorScale.EXPONENTIAL).exponent(0.5).fill("dark-blue").reverse(False))
        .y_axis(axis)
        .cell_gap(1)
        .cell_values(heatmap.CellValues().unit("short").decimals(0))
        .filter_values(heatmap.FilterValueRange().le(1e-9))
        .show_legend()
        .mode(kinds.TooltipDisplayMode.SINGLE)
    )


def _table(panel: Panel) -> Builder:
    titles = {f"Value #{chr(ord('A') + n)}": query.legend for n, query in enumerate(panel.queries)}
    if len(panel.queries) == 1:
        titles = {"Value": panel.queries[0].legend}
    builder = (
        table.Panel()
        .show_header(True)
        .cell_height(kinds.TableCellHeight.SM)
        .transformations(_pivoted(panel) if panel.pivot else _merged(panel, titles))
        .color_scheme(_by_steps(panel.scale))
        .align(kinds.FieldTextAlignment.AUTO)
        .min_width(120)
    )
    if panel.sort:
        builder.sort_by([common.TableSortByFieldState().display_name(panel.sort).desc(True)])
    for number, name in enumerate(dict.fromkeys([*panel.labels.values(), *panel.columns])):
        column = panel.columns.get(name)
        least = [] if column and column.width else [_property("custom.minWidth", _least_width(name, first=not number))]
        builder.override_by_name(name, [*(_column(column) if column else ()), *least])
    if panel.link:
        column_name, title, address = panel.link
        builder.override_by_name(column_name, [_property("links", [{"title": title, "url": address}])])
    return builder


def _least_width(title: str, *, first: bool) -> int:
    """Return the px under which a column's title would be cut, and in the first one a name; a phone then scrolls."""
    return max(140 if first else 80, 8 * len(title) + 24)


def _merged(panel: Panel, titles: Mapping[str, str]) -> list[models.DataTransformerConfig]:
    """Lay the queries side by side, joined by their labels, under the titles of their columns."""
    names = ["Time", *panel.labels, *titles]
    organize = {
        "excludeByName": {"Time": True} | {name: True for name, title in titles.items() if not title},
        "indexByName": {name: index for index, name in enumerate(names)},
        "renameByName": {**panel.labels, **{name: title for name, title in titles.items() if title}},
    }
    return [
        models.DataTransformerConfig(id_val="merge", options={}),
        models.DataTransformerConfig(id_val="organize", options=organize),
    ]


def _pivoted(panel: Panel) -> list[models.DataTransformerConfig]:
    """Make a row for each value of one label and a column for each value of another."""
    assert panel.pivot
    row, column = panel.pivot
    matrix = {"rowField": row, "columnField": column, "valueField": "Value"}
    corner = {"renameByName": {f"{row}\\{column}": panel.labels[row]}}
    return [
        models.DataTransformerConfig(id_val="groupingToMatrix", options=matrix),
        models.DataTransformerConfig(id_val="organize", options=corner),
    ]


def _column(column: Column) -> list[models.DynamicConfigValue]:
    scale = column.scale
    found = [_property("unit", scale.unit)]
    for name, value in (("decimals", scale.decimals), ("min", scale.minimum), ("max", scale.maximum)):
        if value is not None:
            found.append(_property(name, value))
    if column.width:
        found.append(_property("custom.width", column.width))
    if scale.steps:
        steps = [{"value": value, "color": colour} for value, colour in scale.steps]
        found.append(_property("thresholds", {"mode": "absolute", "steps": steps}))
        found.append(_property("color", {"mode": "thresholds"}))
    if scale.steps or column.words:
        found.append(_property("custom.cellOptions", {"type": "color-text"}))
    words = {
        text: models.ValueMappingResult(color=colour, index=index)
        for index, (text, colour) in enumerate(column.words.items(), start=1)
    }
    return [*found, _property("mappings", [_absent("-"), *([models.ValueMap(options=words)] if words else [])])]


_KINDS = {
    "number": _number,
    "ranking": _ranking,
    "lines": _lines,
    "bars": _bars,
    "heatmap": _heatmap,
    "table": _table,
}
