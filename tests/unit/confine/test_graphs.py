"""Filter graphs: each filter is on the list, wherever it hides."""

from __future__ import annotations

import pytest

from backend.confine.graphs import check_graph


@pytest.mark.parametrize(
    "graph",
    [
        "scale=320:-2",
        "select='gt(scene,0.1)',scale=320:-2,tile=5x5",
        r"select=gt(scene\,0.1)+eq(n\,0),fps=1/10",
        "[0:v:0]split=2[a][b];[a]scale=100:100[x];[b] scale@name = 50:50 [y];[x][y]hstack[out]",
        "[0:a]aformat=channel_layouts=mono,showwavespic=s=640x180:colors=0x808080|0x404040[v]",
        "sws_flags=bicubic;scale=2:2",
        "highpass=f=200",
        "select='eq(pict_type,I)',format=yuv420p",
    ],
)
def test_filters_on_the_list_are_taken(graph: str) -> None:
    check_graph(graph)


@pytest.mark.parametrize(
    "graph",
    [
        "movie=x",
        "null,movie=x",
        "null;movie=x",
        "[0:v]null[a];movie@b=x[c]",
        "select='gt(n,1)',movie=x",
        r"select=gt(n\,1)[a];[a]subtitles=x",
        "  ass = x",
        "[a]drawtext=textfile=/etc/passwd",
        "lut3d=x",
        "frei0r=x",
        "ladspa=x",
        "sendcmd=f=x",
        "zmq",
        "metadata=mode=print:file=/tmp/x",
        "metadata=print:file=-",
        "removelogo=x",
    ],
)
def test_filters_that_open_something_are_refused(graph: str) -> None:
    with pytest.raises(ValueError, match="filter"):
        check_graph(graph)
