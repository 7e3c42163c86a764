"""The W&B workspace as code: one section for every question of the paper's tables."""

import wandb_workspaces.reports.v2 as wr
import wandb_workspaces.workspaces as ws
from wandb_workspaces import expr
from wandb_workspaces.reports.v2.interface import PanelTypes, ParallelCoordinatesPlotColumn

from genomask.experiment.wandb_run import MEDIA

SCORES = {"auc": "AUC", "accuracy": "Accuracy", "mcc": "MCC"}  # in the report's order


def workspace(project: str, entity: str) -> ws.Workspace:
    """Panels for the questions of Table 1, Table 2 and Figure 1, and for the health of runs."""
    return ws.Workspace(
        entity=entity,
        project=project,
        name="genomask",
        sections=[
            ws.Section("Table 1: which masking learns from few examples?", _table1(), is_open=True),
            ws.Section("Table 2: what do WC, HGA and FS contribute?", _table2(), is_open=True),
            ws.Section("Figure 1: nats per base and perplexity", _figure1(), is_open=True),
            ws.Section("Health", _health()),
        ],
        runset_settings=ws.RunsetSettings(
            groupby=[expr.Metric("JobType"), expr.Metric("Group")],
            pinned_columns=["summary:test/accuracy", "summary:test/auc", "config:labels.masking"],
        ),
    )


def _table1() -> list[PanelTypes]:
    against_shots = (
        wr.ScatterPlot(title=f"{title} against shots", x=wr.Config("shots"), y=wr.SummaryMetric(f"test/{score}"))
        for score, title in SCORES.items()
    )
    return [*(_bars(score, "labels.masking", "masking") for score in SCORES), *against_shots]


def _table2() -> list[PanelTypes]:
    settings = map(wr.Config, ("labels.wc", "labels.hga", "labels.fs", "shots"))
    columns = [ParallelCoordinatesPlotColumn(metric) for metric in (*settings, wr.SummaryMetric("test/accuracy"))]
    return [
        *(_bars(score, "row", "masking and options") for score in SCORES),
        wr.ParallelCoordinatesPlot(columns, title="Options, shots and accuracy"),
    ]


def _figure1() -> list[PanelTypes]:
    quantities = {"nats_per_base": "Nats per base", "perplexity": "Perplexity"}
    masks = {"_common": "under the common random mask", "": "under the own mask"}
    return [
        wr.LinePlot(
            title=f"{quantity}, {mask}",
            y=[f"validation/{name}{suffix}"],
            log_y=name == "perplexity",
            groupby=wr.Config("labels.masking"),
        )
        for name, quantity in quantities.items()
        for suffix, mask in masks.items()
    ]


def _health() -> list[PanelTypes]:
    curves = {
        "pretrain/loss": "Pretraining loss",
        "pretrain/masked_share": "Masked tokens",
        "pretrain/learning_rate": "Learning rate",
        "finetune/loss": "Fine-tuning loss",
    }
    collapsed = wr.BarPlot(
        title="Fine-tunings that collapsed to one class",
        metrics=["test/collapsed"],
        groupby=wr.Config("row"),
        groupby_aggfunc="sum",
    )
    masked = wr.MediaBrowser(title="A masked sequence", media_keys=[MEDIA])
    return [*(wr.LinePlot(title=title, y=[name]) for name, title in curves.items()), collapsed, masked]


def _bars(score: str, choice: str, name: str) -> wr.BarPlot:
    return wr.BarPlot(
        title=f"{SCORES[score]} by {name}",
        metrics=[f"test/{score}"],
        groupby=wr.Config(choice),
        groupby_aggfunc="mean",
        groupby_rangefunc="stddev",
    )
