const hovers = window.matchMedia("(hover: hover)").matches;
const scheme = window.matchMedia("(prefers-color-scheme: dark)");

function themed(layout) {
  const css = getComputedStyle(document.documentElement);
  const ink = css.getPropertyValue("--ink").trim();
  const line = css.getPropertyValue("--line").trim();
  const paper = css.getPropertyValue("--paper").trim();
  const axis = { gridcolor: line, linecolor: line, zerolinecolor: ink, zeroline: false };
  return {
    ...layout,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: ink, size: 12, family: 'system-ui, "DejaVu Sans", sans-serif' },
    margin: { l: 56, r: 16, t: 16, b: 48 },
    xaxis: { ...axis, automargin: true, ...layout.xaxis },
    yaxis: { ...axis, automargin: true, ...layout.yaxis },
    legend: { orientation: "h", x: 0, yref: "container", y: 0, yanchor: "bottom", font: { size: 11 } },
    hoverlabel: { bgcolor: paper, bordercolor: line, font: { color: ink } },
  };
}

function draw() {
  for (const place of document.querySelectorAll(".plot")) {
    const plot = PLOTS[place.dataset.section][Number(place.dataset.plot)];
    Plotly.react(place, plot.data, themed(plot.layout), {
      responsive: true,
      displaylogo: false,
      displayModeBar: hovers ? "hover" : false,
    });
  }
}

if (window.Plotly) {
  draw();
  scheme.addEventListener("change", draw);
}
