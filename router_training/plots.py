"""Curves of PGR over the share of questions that the large model gets, as a picture."""

from collections.abc import Mapping
from pathlib import Path

from router_training.gain_curves import Curve

DOTS_PER_INCH = 110


def plot(curves: Mapping[str, Curve], file: Path) -> None:
    """curves: by "questions: score". One panel for each set of questions. Raises ImportError without matplotlib."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    panels = list(dict.fromkeys(name.split(": ", 1)[0] for name in curves))
    figure, axes = pyplot.subplots(1, len(panels), figsize=(4.6 * len(panels), 4.2), squeeze=False, sharey=True)
    for panel, axis in zip(panels, axes[0], strict=True):
        for name, points in curves.items():
            questions, score = name.split(": ", 1)
            if questions == panel:
                axis.plot(*zip(*points, strict=True), label=score, linewidth=1.4)
        axis.set(title=panel, xlabel="share of questions to the large model", xlim=(0, 1), ylim=(-0.2, 1.6))
        axis.legend(fontsize=7, loc="upper left")
    axes[0][0].set_ylabel("performance gap recovered")
    figure.tight_layout()
    figure.savefig(file, dpi=DOTS_PER_INCH)
