"""Charts: one visual language, built on the server as a figure whose colours are names of the palette."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import reflex as rx
from plotly.graph_objs import Figure as PlotlyFigure
from reflex.vars import VarData
from reflex_base.style import resolved_color_mode
from reflex_components_plotly.plotly import Plotly, PlotlyBasic

from console.design.tokens import CHART_DARK, CHART_LIGHT

Figure = dict[str, Any]
SERIES = ("$chart-1", "$chart-2", "$chart-3", "$chart-4", "$chart-5")
_DASHES = ("solid", "solid", "dot", "dash", "dashdot")
_FEW = 6  # below it every whole number has its tick
_FONT = "Inter Variable, Inter, system-ui, sans-serif"
_PAINT = """
const kontorPalette = __PALETTE__;
const kontorFigure = (figure, mode, height) => {
  const palette = kontorPalette[mode === "dark" ? "dark" : "light"];
  const paint = (value) => {
    if (typeof value === "string") return value[0] === "$" ? palette[value.slice(1)] ?? value : value;
    if (Array.isArray(value)) return value.map(paint);
    if (value && typeof value === "object")
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, paint(item)]));
    return value;
  };
  const drawn = paint(figure ?? {});
  return { ...drawn, layout: { ...drawn.layout, height, autosize: true } };
};
""".replace("__PALETTE__", json.dumps({"light": CHART_LIGHT, "dark": CHART_DARK}))


class _Plot(PlotlyBasic):
    """Plotly's small bundle, with the palette applied in the browser so that the theme can change at once."""

    @classmethod
    def create(cls, *children: Any, **props: Any) -> Any:
        """Without Plotly's own templates, which would weigh 15 KB and bring colours of their own."""
        return super(Plotly, cls).create(*children, **props)

    def add_custom_code(self) -> list[str]:
        return [_PAINT]


def chart(figure: Any, *, label: Any, height: int = 260, on_click: Any = None) -> rx.Component:
    """Draws a figure made by `line_chart` or `bar_chart`; `on_click` is called with the list of clicked points.

    `label` says in words what the chart shows; put the sum and the link to its rows below it.
    """
    data = rx.Var(
        _js_expr=f"kontorFigure({figure}, {resolved_color_mode}, {height})",
        _var_type=PlotlyFigure,
        _var_data=VarData.merge(figure._get_all_var_data(), resolved_color_mode._get_all_var_data()),
    )
    handlers = {"on_click": on_click} if on_click is not None else {}
    plot = _Plot.create(
        data=data,
        config={"displayModeBar": False, "responsive": True, "doubleClick": False},
        style={"width": "100%", "height": f"{height}px"},
        **handlers,
    )
    return rx.el.div(
        plot, class_name="plot", role="img", custom_attrs={"aria-label": label}, style={"minHeight": f"{height}px"}
    )


def legend(*entries: tuple[Any, str]) -> rx.Component:
    """Names under a chart, each with its mark: `` (a line), `bar`, `stroke`, `usual`, `band`, `limit`, `outlier`."""
    return rx.el.div(
        *[
            rx.el.span(rx.el.i(class_name=f"is-{kind}" if kind else "", custom_attrs={"aria-hidden": "true"}), name)
            for name, kind in entries
        ],
        class_name="legend",
    )


def line_chart(
    x: Sequence[str],
    now: Sequence[float | None],
    *,
    locale: str,
    usual: Sequence[float | None] | None = None,
    band: tuple[Sequence[float | None], Sequence[float | None]] | None = None,
    outliers: Sequence[int] = (),
    so_far: float | None = None,
    limit: float | None = None,
    hover: str = "%{y:,}",
    keys: Sequence[str] | None = None,
    percent: bool = False,
) -> Figure:
    """Now (solid) against the usual (dashes) and its range (band); an unfinished period is a hollow dot.

    `x` are the labels, `so_far` the value of the running period (the label after the last finished one),
    `keys` go back to the click handler as `customdata`. `outliers` are the places of values that get a triangle.
    Values are display values: floats are fine here.
    """
    traces: list[Figure] = []
    if band is not None:
        traces += [_edge(x, band[0]), _edge(x, band[1], fill=True)]
    if usual is not None:
        traces.append(_line(x, usual, "$past", dash="3px,3px", width=1.25, hover=None))
    mode = "lines" if len(x) > 1 else "markers"  # one point alone makes no line
    drawn = {"mode": mode, "marker": {"size": 8, "color": "$chart-1"}, "customdata": list(keys or x)}
    traces.append(_line(x, now, "$chart-1", width=2, hover=hover) | drawn)
    if so_far is not None:
        index = sum(value is not None for value in now)
        if index < len(x):
            traces.append(_hollow(x[index], so_far, hover))
    if outliers:
        traces.append(_triangles([x[index] for index in outliers], [now[index] for index in outliers], hover))
    layout = _layout(locale, x, limit=limit, percent=percent)
    if not percent and _highest(traces) < _FEW:
        layout["yaxis"] |= {"dtick": 1}
    return {"data": traces, "layout": layout}


def lines_chart(
    x: Sequence[str], series: Sequence[tuple[str, Sequence[float | None]]], *, locale: str, hover: str = "%{y:,}"
) -> Figure:
    """Up to five series; from the third on they are told apart by dash as well. Name them with `legend`."""
    traces = [
        {**_line(x, values, SERIES[index], dash=_DASHES[index], width=2, hover=f"{name} {hover}"), "name": name}
        for index, (name, values) in enumerate(series[:5])
    ]
    return {"data": traces, "layout": _layout(locale, x)}


def bar_chart(
    x: Sequence[str],
    y: Sequence[float],
    *,
    locale: str,
    hover: str = "%{y:,}",
    keys: Sequence[str] | None = None,
    compare: Sequence[float | None] | None = None,
    band: tuple[Sequence[float | None], Sequence[float | None]] | None = None,
    outliers: Sequence[int] = (),
) -> Figure:
    """Bars from zero, one colour; `compare` is what is usual of each as a grey stroke, `band` its range.

    `outliers` are the places of bars that get a triangle on top.
    """
    bars = {
        "type": "bar",
        "x": list(x),
        "y": list(y),
        "marker": {"color": "$chart-1"},
        "hovertemplate": "%{x}: " + hover + "<extra></extra>",
        "customdata": list(keys or x),
    }
    traces = [_ranges(x, *band), bars] if band is not None else [bars]
    if compare is not None:
        traces.append(_ticks(x, compare))
    if outliers:
        traces.append(_triangles([x[index] for index in outliers], [y[index] for index in outliers], hover))
    layout = _layout(locale, x) | {"bargap": 0.28, "barmode": "overlay"}
    if _highest(traces) < _FEW:
        layout["yaxis"] |= {"dtick": 1}
    return {"data": traces, "layout": layout}


def _highest(traces: Sequence[Figure]) -> float:
    return max((value for trace in traces for value in trace["y"] if value is not None), default=0)


def _line(
    x: Sequence[str],
    y: Sequence[float | None],
    color: str,
    *,
    dash: str = "solid",
    width: float = 2,
    hover: str | None = None,
) -> Figure:
    trace: Figure = {
        "type": "scatter",
        "mode": "lines",
        "x": list(x),
        "y": list(y),
        "line": {"color": color, "width": width, "dash": dash},
        "connectgaps": False,
    }
    return trace | ({"hovertemplate": "%{x}: " + hover + "<extra></extra>"} if hover else {"hoverinfo": "skip"})


def _triangles(x: Sequence[str], y: Sequence[float | None], hover: str) -> Figure:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": list(x),
        "y": list(y),
        "marker": {"symbol": "triangle-up", "size": 10, "color": "$bad"},
        "hovertemplate": "%{x}: " + hover + "<extra></extra>",
    }


def _ticks(x: Sequence[str], y: Sequence[float | None]) -> Figure:
    stroke = {"symbol": "line-ew-open", "size": 6, "color": "$past", "line": {"width": 2, "color": "$past"}}
    return {"type": "scatter", "mode": "markers", "x": list(x), "y": list(y), "marker": stroke, "hoverinfo": "skip"}


def _ranges(x: Sequence[str], low: Sequence[float | None], high: Sequence[float | None]) -> Figure:
    """What is usual of each bar, behind it and as wide as its place."""
    span = [None if None in (a, b) else (b or 0) - (a or 0) for a, b in zip(low, high, strict=True)]
    return {
        "type": "bar",
        "x": list(x),
        "y": span,
        "base": [a or 0 for a in low],
        "width": 1,
        "marker": {"color": "$band"},
        "hoverinfo": "skip",
    }


def _edge(x: Sequence[str], y: Sequence[float | None], *, fill: bool = False) -> Figure:
    edge = _line(x, y, "$none", width=0)
    return edge | ({"fill": "tonexty", "fillcolor": "$band"} if fill else {})


def _hollow(x: str, y: float, hover: str) -> Figure:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [x],
        "y": [y],
        "marker": {"size": 8, "color": "$surface", "line": {"color": "$chart-1", "width": 2}},
        "hovertemplate": "%{x}: " + hover + "<extra></extra>",
        "customdata": [x],
    }


def _layout(locale: str, x: Sequence[str], *, limit: float | None = None, percent: bool = False) -> Figure:
    axis = {
        "fixedrange": True,
        "zeroline": False,
        "tickfont": {"size": 11, "color": "$axis", "family": _FONT},
        "automargin": True,
    }
    layout: Figure = {
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8, "pad": 4},
        "paper_bgcolor": "$none",
        "plot_bgcolor": "$none",
        "showlegend": False,
        "separators": ",." if locale == "de" else ".,",
        "hovermode": "x",
        "hoverlabel": {
            "font": {"family": _FONT, "size": 12, "color": "$surface"},
            "bgcolor": "$ink",
            "bordercolor": "$ink",
        },
        "font": {"family": _FONT, "color": "$axis"},
        "xaxis": axis
        | {"type": "category", "showgrid": False, "tickangle": 0, "showline": True, "linecolor": "$line", "nticks": 9}
        | ({"tickmode": "array", "tickvals": list(x)[:: max(1, len(x) // 7)]} if len(x) > 9 else {}),
        "yaxis": axis
        | {"gridcolor": "$grid", "rangemode": "tozero", "nticks": 5, "tickformat": ".1%" if percent else ",~f"},
        "dragmode": False,
    }
    if limit is not None:
        layout["shapes"] = [
            {
                "type": "line",
                "xref": "paper",
                "x0": 0,
                "x1": 1,
                "y0": limit,
                "y1": limit,
                "line": {"color": "$bad", "width": 1.25, "dash": "5px,3px"},
            }
        ]
    return layout
