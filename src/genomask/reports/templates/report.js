const hovers = window.matchMedia("(hover: hover)").matches;
const scheme = window.matchMedia("(prefers-color-scheme: dark)");
const narrow = window.matchMedia("(max-width: 600px)");

// Plots: plotly.js is unpacked once; each plot is drawn when it comes into sight.
function themed(layout) {
  const css = getComputedStyle(document.documentElement);
  const [ink, line, paper] = ["--ink", "--line", "--paper"].map((name) => css.getPropertyValue(name).trim());
  const axis = { gridcolor: line, linecolor: line, zerolinecolor: ink, zeroline: false, automargin: true };
  return {
    ...layout,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: ink, size: narrow.matches ? 11 : 12, family: 'system-ui, "DejaVu Sans", sans-serif' },
    margin: { l: 48, r: 12, t: 12, b: 44 },
    xaxis: { ...axis, ...layout.xaxis },
    yaxis: { ...axis, ...layout.yaxis },
    legend: { orientation: "h", x: 0, yref: "container", y: 0, yanchor: "bottom", font: { size: 11 } },
    hoverlabel: { bgcolor: paper, bordercolor: line, font: { color: ink } },
    dragmode: hovers ? "zoom" : false,
  };
}

function draw(place) {
  const plot = PLOTS[place.dataset.section][Number(place.dataset.plot)];
  const shown = { displaylogo: false, displayModeBar: hovers ? "hover" : false };
  Plotly.react(place, plot.data, { ...themed(plot.layout), width: place.clientWidth }, shown);
  place.dataset.drawn = "yes";
}

async function unpack(packed) {
  const bytes = Uint8Array.from(atob(packed.textContent), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const script = document.createElement("script");
  script.textContent = await new Response(stream).text();
  document.head.append(script);
  const seen = new IntersectionObserver(
    (entries) => entries.filter((entry) => entry.isIntersecting && !entry.target.dataset.drawn).forEach((entry) => draw(entry.target)),
    { rootMargin: "400px" },
  );
  const sized = new ResizeObserver((entries) => entries.map((entry) => entry.target).filter(
    (place) => place.dataset.drawn && place.clientWidth && place.clientWidth !== place.layout.width,
  ).forEach(draw));
  document.querySelectorAll(".plot").forEach((place) => {
    seen.observe(place);
    sized.observe(place);
  });
  const again = () => document.querySelectorAll(".plot[data-drawn]").forEach(draw);
  scheme.addEventListener("change", again);
  narrow.addEventListener("change", again);
}

for (const button of document.querySelectorAll(".choices button")) {
  button.addEventListener("click", () => {
    const section = button.closest("section");
    section.querySelectorAll(".choices button").forEach((other) => other.setAttribute("aria-pressed", other === button));
    section.querySelectorAll("figure").forEach((figure) => {
      figure.hidden = figure.dataset.choice !== "" && figure.dataset.choice !== button.dataset.choice;
    });
  });
}

// Tables: sorted by a click on a head, filtered by what differs, downloaded as they are shown.
const MOST_CHOICES = 60;
const SHORT_TABLE = 6;

function numberOf(text) {
  const found = text.replaceAll(",", "").match(/[+-]?\d+(\.\d+)?/);
  return found && /^[<+\-\d]/.test(text) ? Number(found[0]) : null;
}

function compareCells(one, other) {
  if (!one || !other) return one ? -1 : other ? 1 : 0; // empty cells last, whichever way
  const [a, b] = [numberOf(one), numberOf(other)];
  if (a !== null && b !== null) return a - b;
  return one.localeCompare(other, undefined, { numeric: true });
}

function sortable(table) {
  const body = table.tBodies[0];
  [...table.tHead.rows[0].cells].forEach((head, place) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") === "descending" || (head.classList.contains("text") && !head.hasAttribute("aria-sort"));
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const text = (row) => row.cells[place].textContent.trim();
      const filled = (row) => (text(row) && text(row) !== "-" ? text(row) : "");
      body.append(...[...body.rows].sort((a, b) => (up || !filled(a) || !filled(b) ? 1 : -1) * compareCells(filled(a), filled(b))));
    });
  });
}

function filters(table, tools) {
  const rows = [...table.tBodies[0].rows];
  const keys = Number(table.dataset.keys);
  const chosen = new Map();
  const apply = () => {
    for (const row of rows) row.hidden = [...chosen].some(([place, value]) => value && row.cells[place].textContent !== value);
  };
  for (let place = 0; place <= keys && keys; place += 1) {
    const values = [...new Set(rows.map((row) => row.cells[place].textContent))];
    if (values.length < 2 || values.length > MOST_CHOICES) continue;
    const name = table.tHead.rows[0].cells[place].textContent;
    const select = document.createElement("select");
    select.ariaLabel = `Filter by ${name}`;
    const all = new Option(`all: ${name}`, "");
    select.append(all, ...values.map((value) => new Option(value || "-", value)));
    if (name === "score") select.value = values[0];
    chosen.set(place, select.value);
    select.addEventListener("change", () => {
      chosen.set(place, select.value);
      apply();
    });
    tools.append(select);
  }
  apply();
}

function csv(table) {
  const quote = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const shown = [...table.tBodies[0].rows].filter((row) => !row.hidden);
  const heads = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
  const lines = shown.map((row) => {
    const full = [...row.cells].map((cell) => cell.title).filter(Boolean).join("; ");
    return [...[...row.cells].map((cell) => cell.textContent.trim()), full];
  });
  return [[...heads, "in full"], ...lines].map((line) => line.map(quote).join(",")).join("\r\n") + "\r\n";
}

function download(table) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([csv(table)], { type: "text/csv" }));
  link.download = `${table.dataset.name}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

for (const table of document.querySelectorAll("table")) {
  const tools = document.createElement("div");
  tools.className = "tools";
  if (table.tBodies[0].rows.length > SHORT_TABLE) filters(table, tools);
  sortable(table);
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "CSV";
  button.title = "Download the rows that are shown";
  button.addEventListener("click", () => download(table));
  tools.append(button);
  table.closest(".scroll").before(tools);
}

const packed = document.getElementById("plotly");
if (packed) unpack(packed);
