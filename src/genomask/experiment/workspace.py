"""The W&B workspace as code: one section for every question of the paper's tables."""

import wandb_workspaces.reports.v2 as wr
import wandb_workspaces.workspaces as ws
from wandb_workspaces import expr
from wandb_workspaces.reports.v2.interface import PanelTypes, ParallelCoordinatesPlotColumn

from genomask.experiment.wandb_run import MEDIA

SCORES = {"auc": "AUC", "accuracy": "Accuracy", "mcc": "MCC"}  # in the report's order
CURVES = {
    "pretrain/loss": "Pretraining loss",
    "pretrain/masked_share": "Masked tokens",
    "pretrain/learning_rate": "Learning rate",
    "finetune/loss": "Fine-tuning loss",
}


def workspace(project: str, entity: str) -> ws.Workspace:
    """Panels for the questions of Table 1, Table 2 and Figure 1, and for the health of runs."""
    against_shots = [
        wr.ScatterPlot(title=f"{title} against shots", x=wr.Config("shots"), y=wr.SummaryMetric(f"test/{score}"))
        for score, title in SCORES.items()
    ]
    options = map(wr.Config, ("labels.wc", "labels.hga", "labels.fs", "shots"))
    columns = [ParallelCoordinatesPlotColumn(metric) for metric in (*options, wr.SummaryMetric("test/accuracy"))]
    collapsed = wr.BarPlot(
        title="Fine-tunings that collapsed to one class",
        metrics=["test/collapsed"],
        groupby=wr.Config("row"),
        groupby_aggfunc="sum",
    )
    panels: dict[str, list[PanelTypes]] = {
        "Table 1: which masking learns from few examples?": [*_bars("labels.masking", "masking"), *against_shots],
        "Table 2: what do WC, HGA and FS contribute?": [
            *_bars("row", "masking and options"),
            wr.ParallelCoordinatesPlot(columns, title="Options, shots and accuracy"),
        ],
        "Figure 1: nats per base and perplexity": _pretraining(),
        "Health": [
            *(wr.LinePlot(title=title, y=[name]) for name, title in CURVES.items()),
            collapsed,
            wr.MediaBrowser(title="A masked sequence", media_keys=[MEDIA]),
        ],
    }
    return ws.Workspace(
        entity=entity,
        project=project,
        name="genomask",
        sections=[ws.Section(name, shown, is_open=name != "Health") for name, shown in panels.items()],
        runset_settings=ws.RunsetSettings(
            groupby=[expr.Metric("JobType"), expr.Metric("Group")],
            pinned_columns=["summary:test/accuracy", "summary:test/auc", "config:labels.masking"],
        ),
    )


def _bars(choice: str, name: str) -> list[wr.BarPlot]:
    return [
        wr.BarPlot(
            title=f"{title} by {name}",
            metrics=[f"test/{score}"],
            groupby=wr.Config(choice),
            groupby_aggfunc="mean",
            groupby_rangefunc="stddev",
        )
        for score, title in SCORES.items()
    ]


def _pretraining() -> list[PanelTypes]:
    return [
        wr.LinePlot(
            title=f"{quantity}, {mask}",
            y=[f"validation/{name}{suffix}"],
            log_y=name == "perplexity",
            groupby=wr.Config("labels.masking"),
        )
        for name, quantity in {"nats_per_base": "Nats per base", "perplexity": "Perplexity"}.items()
        for suffix, mask in {"_common": "under the common random mask", "": "under the own mask"}.items()
    ]
