// Every chart of the platform. A chart gets its data once and then only what is new; colours come from the page's
// tokens and follow the theme; each has a legend, an export and a table of the same numbers.
import uPlot from "../lib/uplot/uplot.esm.js";

let echartsModule = null;
const echarts = () => (echartsModule ??= import("../lib/echarts/echarts.esm.min.js"));
const sync = uPlot.sync("page");
const still = matchMedia("(prefers-reduced-motion: reduce)");

const token = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const colour = name => name?.startsWith("--") ? token(name) : name;
const font = (size, weight = 400) => `${weight} ${size}px Inter, system-ui, sans-serif`;
const escape = text => String(text).replace(/[&<>"']/g, c => `&#${c.charCodeAt(0)};`);
const formats = {
  percent: v => v == null ? "–" : (100 * v).toFixed(1) + " %",
  number: v => v == null ? "–" : Math.abs(v) >= 100 ? v.toFixed(0) : Math.abs(v) >= 1 ? v.toFixed(2) : v.toPrecision(3),
  seconds: v => v == null ? "–" : v < 0.1 ? (1000 * v).toFixed(0) + " ms" : v.toFixed(1) + " s",
  count: v => v == null ? "–" : Math.round(v).toLocaleString("en"),
};
const groupMark = { head: "●", medium: "■", tail: "◆" };

function save(name, blob) {
  const a = document.createElement("a");
  a.href = URL.createObjectURL(blob); a.download = name; a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 1000);
}

// Frame: tools in the head of the chart, a table below on demand. `rows()` gives a head row and body rows.
class Frame {
  constructor(root, name) {
    this.root = root; this.name = name.toLowerCase().replace(/[^a-z0-9]+/g, "-");
    this.figure = root.closest(".chart"); this.host = root; this.tools = this.figure.querySelector(".chart-tools");
    this.plot = document.createElement("div"); this.plot.className = "chart-plot"; root.append(this.plot);
    this.redraw = () => this.themed();
    document.addEventListener("fp-theme", this.redraw);
    this.observer = new ResizeObserver(() => { cancelAnimationFrame(this.frame); this.frame = requestAnimationFrame(() => this.resized()); });
    this.observer.observe(root);
    this.tool("Table", "Show the numbers as a table", b => this.toggleTable(b));
    this.tool("PNG", "Save as a picture", () => this.picture());
    this.tool("SVG", "Save as a drawing", () => save(this.name + ".svg", new Blob([this.svg()], { type: "image/svg+xml" })));
    this.tool("CSV", "Save the numbers", () => save(this.name + ".csv", new Blob([this.csv()], { type: "text/csv" })));
  }
  tool(text, title, act) {
    const b = document.createElement("button");
    b.type = "button"; b.textContent = text; b.title = title; b.setAttribute("aria-label", `${title}: ${this.name}`); b.addEventListener("click", () => act(b));
    this.tools.append(b); return b;
  }
  csv() {
    const quote = v => v == null ? "" : /[",\n]/.test(v) ? `"${String(v).replace(/"/g, '""')}"` : v, { head, body } = this.rows();
    return [head, ...body].map(r => r.map(quote).join(",")).join("\n") + "\n";
  }
  toggleTable(button) {
    if (this.table) { this.table.remove(); this.table = null; button.setAttribute("aria-pressed", "false"); return; }
    this.table = document.createElement("div"); this.table.className = "chart-table"; this.table.tabIndex = 0;
    this.fillTable(); this.figure.append(this.table); button.setAttribute("aria-pressed", "true");
  }
  fillTable() {
    if (!this.table) return;
    const { head, body } = this.rows(), t = document.createElement("table"); t.className = "data";
    const line = (cells, tag) => { const tr = document.createElement("tr"); cells.forEach((c, i) => { const e = document.createElement(tag); e.textContent = c ?? "–"; if (i > 0) e.className = "num"; tr.append(e); }); return tr; };
    const th = document.createElement("thead"), tb = document.createElement("tbody"); th.append(line(head, "th")); body.forEach(r => tb.append(line(r, "td")));
    t.append(th, tb); this.table.replaceChildren(t);
  }
  canvasToPng(canvas) {
    const out = document.createElement("canvas"); out.width = canvas.width; out.height = canvas.height;
    const c = out.getContext("2d"); c.fillStyle = token("--surface"); c.fillRect(0, 0, out.width, out.height); c.drawImage(canvas, 0, 0);
    out.toBlob(b => save(this.name + ".png", b));
  }
  dispose() { document.removeEventListener("fp-theme", this.redraw); this.observer.disconnect(); cancelAnimationFrame(this.frame); }
}

// Curves over rounds. options: { name, label, format, height, min, max, x: [], y: [[]], series: [{ label, color, dash, width, hidden, best, fillTo }] }
class Line extends Frame {
  constructor(root, options) {
    super(root, options.name);
    this.o = options; this.format = formats[options.format] ?? formats.number;
    this.data = [options.x, ...options.y];
    this.empty = document.createElement("div"); this.empty.className = "chart-empty"; this.empty.textContent = options.empty ?? "The curve begins with the first evaluated round."; root.append(this.empty);
    this.legend();
    this.u = new uPlot(this.config(), this.data, this.plot);
    this.plot.setAttribute("role", "img"); this.describe();
  }
  config() {
    const o = this.o, percent = o.format === "percent", axis = { stroke: () => token("--muted"), grid: { stroke: () => token("--line"), width: 1 }, ticks: { show: false }, font: font(11), labelFont: font(11), labelSize: 14, labelGap: 0, gap: 4 };
    return {
      width: Math.max(200, this.root.clientWidth - 16), height: o.height ?? 220, padding: [12, 12, 0, 4],
      cursor: { sync: { key: "page", setSeries: false, scales: ["x", null] }, drag: { x: true, y: false }, focus: { prox: 24 }, points: { size: 6 } },
      legend: { show: false },
      scales: { x: { time: false, range: (u, a, b) => a == null ? [0, 10] : a === b ? [a - .5, b + .5] : [a, b] }, y: { range: (u, a, b) => this.range(a, b) } },
      axes: [
        { ...axis, size: 20, label: o.xLabel ?? "round", space: 56, values: (u, vs) => vs.map(v => Number.isInteger(v) ? v : "") },
        { ...axis, size: percent ? 46 : 54, space: (o.height ?? 220) < 180 ? 22 : 36, values: (u, vs) => vs.map(v => percent ? v > 1 ? "" : Math.round(1000 * v) / 10 + " %" : this.format(v)) },
      ],
      series: [{}, ...o.series.map(s => ({ label: s.label, scale: "y", show: !s.hidden, stroke: () => colour(s.color), width: s.width ?? 2, dash: s.dash ? [6, 4] : undefined, spanGaps: true, points: { show: (u, i) => this.data[0].length < 3, size: 6, fill: () => colour(s.color) } }))],
      bands: (o.bands ?? []).map(b => ({ series: [b.high + 1, b.low + 1], fill: () => colour(b.color) + "2e" })),
      hooks: { setCursor: [u => this.values(u.cursor.idx)], draw: [u => this.best(u)] },
    };
  }
  range(a, b) {
    if (a == null || b == null) return [0, 1];
    if (this.o.format !== "percent") { const pad = (b - a || Math.abs(b) || 1) * .08; return [Math.max(this.o.min ?? -Infinity, a - pad), b + pad]; }
    const pad = Math.max(.01, (b - a) * .08); return [Math.max(0, a - pad), Math.min(1.02, b + 2 * pad)];
  }
  legend() {
    const box = document.createElement("div"); box.className = "chart-legend"; this.figure.querySelector(".chart-sub").after(box);
    this.readouts = this.o.series.map((s, i) => {
      const b = document.createElement("button"); b.type = "button"; b.setAttribute("aria-pressed", String(!s.hidden));
      b.innerHTML = `<svg viewBox="0 0 18 8" aria-hidden="true"><line x1="0" y1="4" x2="18" y2="4" style="stroke:${s.color.startsWith("--") ? `var(${s.color})` : s.color}" stroke-width="${(s.width ?? 2) + .5}" ${s.dash ? 'stroke-dasharray="5 3"' : ""}/></svg><span>${escape(s.label)}</span><b></b>`;
      b.addEventListener("click", () => { const show = !this.u.series[i + 1].show; this.u.setSeries(i + 1, { show }); b.setAttribute("aria-pressed", String(show)); });
      box.append(b); return b.querySelector("b");
    });
    this.at = document.createElement("span"); this.at.className = "faint"; this.at.style.padding = "2px 8px"; box.append(this.at);
    this.values(null);
  }
  values(index) {
    const n = this.data[0].length, i = index ?? n - 1;
    this.readouts.forEach((r, s) => { let j = i; while (index == null && j > 0 && this.data[s + 1][j] == null) j--; r.textContent = n ? this.format(this.data[s + 1][j]) : ""; });
    this.at.textContent = index == null || n === 0 ? "" : `${this.o.xLabel ?? "round"} ${this.data[0][i]}`;
  }
  best(u) {
    this.o.series.forEach((s, k) => {
      if (!s.best || !u.series[k + 1].show) return;
      const ys = this.data[k + 1]; let at = -1;
      ys.forEach((v, i) => { if (v != null && (at < 0 || v > ys[at])) at = i; });
      if (at < 0 || ys.length < 3) return;
      const x = u.valToPos(this.data[0][at], "x", true), y = u.valToPos(ys[at], "y", true), { left, top, width, height } = u.bbox, c = u.ctx, r = devicePixelRatio;
      if (x < left - 1 || x > left + width + 1 || y < top - 1 || y > top + height) return;
      c.save(); c.beginPath(); c.arc(x, y, 4.5 * r, 0, 7); c.fillStyle = token("--surface"); c.strokeStyle = colour(s.color); c.lineWidth = 2 * r; c.fill(); c.stroke();
      c.font = font(11 * r, 600); c.fillStyle = colour(s.color); c.textAlign = x > left + width - 60 * r ? "right" : x < left + 60 * r ? "left" : "center";
      const text = "best " + this.format(ys[at]), ty = y - 10 * r < top + 2 * r ? y + 18 * r : y - 10 * r;
      c.lineWidth = 4 * r; c.strokeStyle = token("--surface"); c.lineJoin = "round"; c.strokeText(text, x, ty); c.fillText(text, x, ty); c.restore();
    });
  }
  append(point) {
    const last = this.data[0].at(-1);
    if (last != null && point[0] <= last) return;
    point.forEach((v, i) => this.data[i].push(v));
    const { min, max } = this.u.scales.x, zoomed = last != null && max != null && (max < last || min > this.data[0][0]);
    this.u.setData(this.data, !zoomed); if (zoomed) this.u.redraw();
    this.values(this.u.cursor.idx); this.describe(); this.fillTable();
  }
  replace(x, y) { this.data = [x, ...y]; this.u.setData(this.data); this.values(null); this.describe(); this.fillTable(); }
  describe() {
    const n = this.data[0].length; this.empty.style.display = n ? "none" : ""; this.host.dataset.points = n;
    this.plot.setAttribute("aria-label", `${this.o.name}. ` + (n ? this.o.series.map((s, i) => `${s.label}: ${this.format(this.data[i + 1].findLast(v => v != null))}`).join(", ") + ` at ${this.o.xLabel ?? "round"} ${this.data[0][n - 1]}.` : "No data yet."));
  }
  rows() { return { head: [this.o.xLabel ?? "round", ...this.o.series.map(s => s.label)], body: this.data[0].map((x, i) => [x, ...this.o.series.map((s, k) => { const v = this.data[k + 1][i]; return v == null ? null : this.o.format === "percent" ? (100 * v).toFixed(2) : +v.toPrecision(6); })]) }; }
  picture() { this.canvasToPng(this.plot.querySelector("canvas")); }
  // The curves as they are shown: visible series, zoomed range, five ticks an axis.
  svg() {
    const { u, o } = this, r = devicePixelRatio, left = u.bbox.left / r, top = u.bbox.top / r + 20, w = u.bbox.width / r, h = u.bbox.height / r, out = [], { x, y } = u.scales;
    const text = (tx, ty, t, anchor = "middle", fill = token("--muted")) => out.push(`<text x="${tx.toFixed(1)}" y="${ty.toFixed(1)}" text-anchor="${anchor}" fill="${fill}">${escape(t)}</text>`);
    for (let i = 0; i <= 4; i++) {
      const v = y.min + (y.max - y.min) * i / 4, at = top + u.valToPos(v, "y"), n = x.min + (x.max - x.min) * i / 4;
      out.push(`<line x1="${left}" x2="${left + w}" y1="${at.toFixed(1)}" y2="${at.toFixed(1)}" stroke="${token("--line")}"/>`);
      text(left - 6, at + 4, this.format(v), "end"); text(left + u.valToPos(n, "x"), top + h + 16, String(Math.round(n)));
    }
    text(left + w / 2, top + h + 32, o.xLabel ?? "round");
    let at = left;
    o.series.forEach((s, k) => {
      if (!u.series[k + 1].show) return;
      let d = "";
      this.data[0].forEach((n, i) => { const v = this.data[k + 1][i]; if (v != null && n >= x.min && n <= x.max) d += `${d ? "L" : "M"}${(left + u.valToPos(n, "x")).toFixed(1)} ${(top + u.valToPos(v, "y")).toFixed(1)}`; });
      const pen = `fill="none" stroke="${colour(s.color)}" stroke-width="${s.width ?? 2}"${s.dash ? ' stroke-dasharray="6 4"' : ""}`;
      out.push(`<path d="${d}" ${pen}/><path d="M${at} 12h18" ${pen}/>`); text(at + 23, 16, s.label, "start", token("--text")); at += 40 + 7 * s.label.length;
    });
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${u.width}" height="${Math.ceil(top + h + 40)}" font-family="Inter, system-ui, sans-serif" font-size="11"><title>${escape(o.name)}</title><rect width="100%" height="100%" fill="${token("--surface")}"/>${out.join("")}</svg>`;
  }
  themed() { this.u.redraw(false, true); }
  resized() { this.u.setSize({ width: Math.max(200, this.root.clientWidth - 16), height: this.o.height ?? 220 }); }
  dispose() { super.dispose(); this.u.destroy(); }
}

// Pictures of one moment: heat maps, bars, swarm.
class Still extends Frame {
  constructor(root, name, make, rows, height, lib) {
    super(root, name);
    this.make = make; this.rowsOf = rows; this.lib = lib; this.plot.style.height = height + "px";
    this.chart = lib.init(this.plot, null, { renderer: "canvas" });
    this.plot.setAttribute("role", "img");
  }
  set(data) {
    this.data = data; const height = data.height; if (height) { this.plot.style.height = height + "px"; this.chart.resize(); }
    this.chart.setOption(this.option(!still.matches), true);
    this.plot.setAttribute("aria-label", data.label ?? this.name); this.host.dataset.points = this.rowsOf(data).body.length; this.fillTable();
  }
  option(animation) { return { animation, animationDuration: 250, animationDurationUpdate: 250, textStyle: { fontFamily: "Inter, system-ui, sans-serif", color: token("--text") }, ...this.make(this.data, this.plot.clientWidth, this.plot.clientHeight) }; }
  rows() { return this.rowsOf(this.data); }
  svg() {
    const drawing = this.lib.init(null, null, { renderer: "svg", ssr: true, width: this.plot.clientWidth, height: this.plot.clientHeight });
    try { drawing.setOption({ ...this.option(false), backgroundColor: token("--surface") }); return drawing.renderToSVGString(); } finally { drawing.dispose(); }
  }
  picture() { fetchBlob(this.chart.getDataURL({ type: "png", pixelRatio: 2, backgroundColor: token("--surface") })).then(b => save(this.name + ".png", b)); }
  themed() { if (this.data) this.set(this.data); }
  resized() { this.chart.resize(); }
  dispose() { super.dispose(); this.chart.dispose(); }
}
const fetchBlob = async url => { const [meta, body] = url.split(","), bytes = Uint8Array.from(atob(body), c => c.charCodeAt(0)); return new Blob([bytes], { type: meta.slice(5).split(";")[0] }); };

const tip = () => ({ backgroundColor: token("--raised"), borderColor: token("--line-strong"), borderWidth: 1, padding: [6, 10], textStyle: { color: token("--text"), fontSize: 12 }, confine: true, transitionDuration: 0, extraCssText: "box-shadow: var(--shadow-big); font-variant-numeric: tabular-nums" });
const axisText = () => ({ color: token("--muted"), fontSize: 11 });
const ramp = () => [0, 1, 2, 3, 4].map(i => token(`--heat-${i}`));

// { rows: [names], columns: [names], groups?: [column group], values: flat row-major numbers or null, format, rowTitle, columnTitle, scale: "sqrt"|"linear", max }
function heatOption(d, width, height) {
  const dark = document.documentElement.dataset.theme === "dark", f = formats[d.format], n = d.columns.length, cells = [], bend = d.scale === "sqrt" ? v => Math.sqrt(v) : v => v;
  let top = d.max ?? 0; d.values.forEach(v => { if (v > top) top = v; });
  d.values.forEach((v, i) => { if (v != null) cells.push({ value: [i % n, Math.floor(i / n), bend(v), v], label: { color: bend(v) / (bend(top) || 1) > (dark ? .62 : .42) ? (dark ? "#0f1216" : "#fff") : token("--text") } }); });
  const many = n > 30, tall = d.rows.length > 40, inCell = n <= 12 && d.rows.length <= 12 && d.cellText !== false;
  return {
    grid: { left: 12, right: 8, top: 8, bottom: 8, containLabel: true },
    tooltip: { ...tip(), formatter: p => d.confusion
      ? `true <b>${escape(d.rows[p.value[1]])}</b> → predicted <b>${escape(d.columns[p.value[0]])}</b><br>${f(p.value[3])} ${d.confusionOf ? `of ${formats.count(d.confusionOf[p.value[1]])} (${(100 * p.value[3] / Math.max(1, d.confusionOf[p.value[1]])).toFixed(1)} %)` : ""}`
      : `${escape(d.rows[p.value[1]])} · <b>${escape(d.columns[p.value[0]])}</b>${d.groups ? ` (${d.groups[p.value[0]]})` : ""}<br>${f(p.value[3])}${d.unit ? " " + d.unit : ""}` },
    xAxis: { type: "category", data: d.columns, name: d.columnTitle, nameLocation: "middle", nameGap: many ? 16 : 34, nameTextStyle: axisText(), axisTick: { show: false }, axisLine: { show: false }, splitArea: { show: false }, axisLabel: { ...axisText(), show: !many, interval: 0, rotate: width / n < 8 * Math.max(...d.columns.map(c => Math.min(12, c.length + 2))) ? 40 : 0, formatter: (v, i) => (d.groups ? groupMark[d.groups[i]] + " " : "") + (v.length > 12 ? v.slice(0, 11) + "…" : v), color: (v, i) => d.groups ? token(`--${d.groups[i] ?? "muted"}-text`) : token("--muted") } },
    yAxis: { type: "category", data: d.rows, inverse: true, axisTick: { show: false }, axisLine: { show: false }, axisLabel: { ...axisText(), interval: tall || height / d.rows.length < 14 ? "auto" : 0, show: d.rows.length <= 120, formatter: v => v.length > 14 ? v.slice(0, 13) + "…" : v } },
    visualMap: { show: false, min: 0, max: bend(top || 1), inRange: { color: ramp() }, dimension: 2 },
    series: [{ type: "heatmap", data: cells, progressive: 0, animation: false, itemStyle: { borderColor: token("--surface"), borderWidth: many || tall ? 0 : 1, borderRadius: many || tall ? 0 : 2 }, emphasis: { itemStyle: { borderColor: token("--text"), borderWidth: 1 } },
      label: { show: inCell, fontSize: 11, formatter: p => p.value[3] === 0 && d.format === "count" ? "" : d.format === "percent" ? Math.round(100 * p.value[3]) : f(p.value[3]) } }],
  };
}
const heatRows = d => ({ head: [d.rowTitle ?? "", ...d.columns], body: d.rows.map((r, i) => [r, ...d.columns.map((c, j) => d.values[i * d.columns.length + j])]) });

// { classes: [names], groups: [], accuracy: [], before?: [], counts: [], horizontal? } already sorted head → tail.
function barsOption(d, width) {
  const many = d.classes.length > 30, tight = width / d.classes.length < 8 * Math.max(...d.classes.map(c => Math.min(12, c.length))), top = Math.max(1, ...d.counts), dark = document.documentElement.dataset.theme === "dark";
  return {
    grid: { left: 4, right: 4, top: 24, bottom: 10, containLabel: true },
    tooltip: { ...tip(), trigger: "axis", axisPointer: { type: "shadow", shadowStyle: { color: dark ? "rgba(255,255,255,.05)" : "rgba(0,0,0,.04)" } }, formatter: ps => { const i = ps[0].dataIndex; return `<b>${escape(d.classes[i])}</b> (${d.groups[i]})<br>${d.accuracyName ?? "GM"} ${formats.percent(d.accuracy[i])}` + (d.before?.length ? `<br>${d.beforeName} ${formats.percent(d.before[i])}` : "") + `<br>${formats.count(d.counts[i])} training samples`; } },
    xAxis: { type: "category", data: d.classes, axisTick: { show: false }, axisLine: { lineStyle: { color: token("--line-strong") } }, axisLabel: { ...axisText(), show: !many, interval: 0, rotate: tight ? 40 : 0, formatter: v => v.length > 12 ? v.slice(0, 11) + "…" : v } },
    yAxis: [
      { type: "value", min: 0, max: 1, interval: .25, axisLabel: { ...axisText(), formatter: v => 100 * v + " %" }, splitLine: { lineStyle: { color: token("--line") } } },
      { type: "log", logBase: 10, min: 1, max: Math.pow(10, Math.ceil(Math.log10(top + 1))), axisLabel: { ...axisText(), formatter: v => v >= 1000 ? v / 1000 + "k" : v }, splitLine: { show: false }, name: "samples", nameTextStyle: { ...axisText(), align: "right" }, nameGap: 8 },
    ],
    series: [
      { type: "bar", name: d.accuracyName ?? "GM", barWidth: many ? "80%" : "56%", barMaxWidth: 44, data: d.accuracy.map((v, i) => ({ value: v, itemStyle: { color: token(`--${d.groups[i]}`), borderRadius: [3, 3, 0, 0], decal: undefined } })), label: { show: d.classes.length <= 12, position: "top", fontSize: 11, color: token("--text"), formatter: p => p.value == null ? "" : (100 * p.value).toFixed(0) } },
      ...(d.before?.length ? [{ type: "bar", name: d.beforeName, barGap: "-100%", barWidth: many ? "80%" : "56%", barMaxWidth: 44, z: 3, silent: true, data: d.before, itemStyle: { color: "transparent", borderColor: token("--text"), borderWidth: 1, borderType: "dashed", borderRadius: [3, 3, 0, 0], opacity: .55 } }] : []),
      { type: "line", name: "samples", yAxisIndex: 1, data: d.counts.map(c => Math.max(1, c)), symbol: "none", step: false, smooth: false, z: 1, silent: true, lineStyle: { color: token("--faint"), width: 1.25, type: "dotted" } },
    ],
  };
}
const barsRows = d => ({ head: ["class", "group", d.accuracyName ?? "GM", ...(d.before?.length ? [d.beforeName] : []), "training samples"], body: d.classes.map((c, i) => [c, d.groups[i], formats.percent(d.accuracy[i]), ...(d.before?.length ? [formats.percent(d.before[i])] : []), d.counts[i]]) });

// { clients: [{ id, name, pm, gm, samples, selected }], mean, href } — one dot a client on the PM axis.
function swarmOption(d, width) {
  const known = d.clients.filter(c => c.pm != null), most = Math.max(1, ...d.clients.map(c => c.samples)), lo = Math.min(...known.map(c => c.pm), 1), hi = Math.max(...known.map(c => c.pm), 0), pad = Math.max(.01, (hi - lo) * .08), min = Math.max(0, lo - pad), max = Math.min(1, hi + pad);
  const placed = [], span = Math.max(100, width - 80), size = c => 8 + 18 * Math.sqrt(c.samples / most);
  // Beeswarm: each dot takes the free place nearest to the axis.
  const points = [...known].sort((a, b) => a.pm - b.pm).map(c => {
    const x = (c.pm - min) / (max - min || 1) * span, r = size(c) / 2 + 1; let y = 0;
    for (let k = 0; k < 80; k++) { y = (k % 2 ? 1 : -1) * Math.ceil(k / 2) * 4; if (placed.every(p => (p.x - x) ** 2 + (p.y - y) ** 2 >= (p.r + r) ** 2)) break; }
    placed.push({ x, y, r }); return { value: [c.pm, y], client: c, symbolSize: size(c), itemStyle: { color: token("--faint") + "8c", borderColor: c.selected ? token("--accent") : token("--line-strong"), borderWidth: c.selected ? 2.5 : 1 } };
  });
  return {
    grid: { left: 16, right: 16, top: 16, bottom: 36 },
    tooltip: { ...tip(), formatter: p => p.data.client ? `<b>${escape(p.data.client.name)}</b><br>PM ${formats.percent(p.data.client.pm)} · GM ${formats.percent(p.data.client.gm)}<br>${formats.count(p.data.client.samples)} samples${p.data.client.selected ? "<br>took part in this round" : ""}` : "" },
    xAxis: { type: "value", min, max, name: "local accuracy of the personalised model (PM)", nameLocation: "middle", nameGap: 24, nameTextStyle: axisText(), axisLabel: { ...axisText(), formatter: v => Math.round(1000 * v) / 10 + " %", showMinLabel: false, showMaxLabel: false }, splitLine: { lineStyle: { color: token("--line") } }, axisLine: { show: false }, axisTick: { show: false } },
    yAxis: { type: "value", show: false, min: -70, max: 70 },
    series: [{ type: "scatter", data: points, cursor: "pointer", emphasis: { scale: 1.15 }, markLine: d.mean == null ? undefined : { silent: true, symbol: "none", lineStyle: { color: token("--muted"), type: "dashed" }, label: { formatter: "mean " + formats.percent(d.mean), color: token("--muted"), fontSize: 11, position: "insideEndTop", rotate: 0 }, data: [{ xAxis: d.mean }] } }],
  };
}
const swarmRows = d => ({ head: ["client", "samples", "PM", "GM", "took part"], body: d.clients.map(c => [c.name, c.samples, formats.percent(c.pm), formats.percent(c.gm), c.selected ? "yes" : "no"]) });

export function line(root, options) { return new Line(root, options); }
export async function heat(root, name, height) { return new Still(root, name, heatOption, heatRows, height, await echarts()); }
export async function bars(root, name, height) { return new Still(root, name, barsOption, barsRows, height, await echarts()); }
export async function swarm(root, name, height) {
  const s = new Still(root, name, swarmOption, swarmRows, height, await echarts());
  s.chart.on("click", p => { if (p.data?.client && s.data.href) Blazor.navigateTo(s.data.href + p.data.client.id); });
  return s;
}

// Real pictures on one canvas: uint8, CHW, row by row. `bytes` comes as a Uint8Array.
export function pictures(canvas, bytes, channels, height, width, rows, columns, scale) {
  const gap = 2, w = width * scale + gap, h = height * scale + gap, ratio = 1;
  canvas.width = columns * w * ratio; canvas.height = rows * h * ratio; canvas.style.width = columns * w + "px"; canvas.style.aspectRatio = `${columns * w} / ${rows * h}`;
  const c = canvas.getContext("2d"), small = document.createElement("canvas"); small.width = width; small.height = height;
  const sc = small.getContext("2d"), image = sc.createImageData(width, height), plane = width * height, each = plane * channels;
  c.imageSmoothingEnabled = false; c.clearRect(0, 0, canvas.width, canvas.height);
  for (let i = 0; i < rows * columns && (i + 1) * each <= bytes.length; i++) {
    for (let p = 0; p < plane; p++) {
      const o = i * each + p;
      image.data[4 * p] = bytes[o]; image.data[4 * p + 1] = bytes[channels > 1 ? o + plane : o]; image.data[4 * p + 2] = bytes[channels > 1 ? o + 2 * plane : o]; image.data[4 * p + 3] = 255;
    }
    sc.putImageData(image, 0, 0);
    c.drawImage(small, (i % columns) * w, Math.floor(i / columns) * h, width * scale, height * scale);
  }
  canvas.dataset.drawn = rows * columns;
}
