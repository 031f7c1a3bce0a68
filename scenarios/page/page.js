"use strict";
// Draws the page from its data (see scenarios/page_data.hpp). Whatever comes from a scenario is put in with textContent, or painted: it
// is never markup. Charts are made from numbers; all figures in tables and labels come set already.
(() => {
  const data = JSON.parse(document.getElementById("page-data").textContent);
  const root = document.documentElement;

  // Elements ---------------------------------------------------------------------------------------------------------------------------

  const element = (name, attributes = {}, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (key === "text") made.textContent = value;
      else if (key === "swatch") made.style.setProperty("--swatch", `var(--${value})`);
      else made.setAttribute(key, value);
    }
    made.append(...children.filter((child) => child != null));
    return made;
  };

  // A number and its unit stay together where a line is broken.
  const bound = (text) => text.replace(/(\d) (?=(?:ns|µs|ms|s|min|h|%)(?!\w))/g, "$1\u00a0");
  const paragraph = (text, name = "p", attributes = {}) => element(name, { ...attributes, text: bound(text) });

  const table = ({ caption, titles, header, rows }, captionShown) => {
    const cell = (text, column, kind, scope) =>
      element(kind, { text, ...(column < titles ? { class: "title" } : {}), ...(kind === "th" ? { scope } : {}) });
    const head = element("tr", {}, ...header.map((text, i) => cell(text, i, "th", "col")));
    const body = rows.map((row) => element("tr", {}, ...row.map((text, i) => cell(text, i, i < titles ? "th" : "td", "row"))));
    const made = element("table", { "aria-label": caption }, captionShown ? element("caption", { text: caption }) : null,
      element("thead", {}, head), element("tbody", {}, ...body));
    // It can be scrolled from the keyboard too.
    return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption }, made);
  };

  const legend = (entries) =>
    element("ul", { class: "legend", "aria-hidden": "true" }, ...entries.map(({ name, swatch, shape = "", sign = "" }) =>
      element("li", {}, element("span", { class: `swatch ${shape}`, text: sign, ...(swatch ? { swatch } : {}) }), element("span", { text: name }))));

  // Figures on axes and in tooltips ----------------------------------------------------------------------------------------------------

  const clean = (x) => Number(x.toPrecision(12));
  const digits = (x) => Number(x.toPrecision(3)).toLocaleString("en-US", { maximumFractionDigits: 20 });
  const clock = [[1e-9, 1000, "ns"], [1e-6, 1000, "µs"], [1e-3, 1000, "ms"], [1, 120, "s"], [60, 120, "min"], [3600, Infinity, "h"]];
  const figure = {
    duration: (s) => {
      if (s === 0) return "0 s";
      const [unit, , name] = clock.find(([unit, limit]) => Math.abs(Number((s / unit).toPrecision(3))) < limit);
      return `${digits(s / unit)} ${name}`;
    },
    share: (x) => `${digits(100 * x)} %`,
    change: (x) => `${x > 0 ? "+" : ""}${digits(100 * x)} %`,
    usd: (x) => (x < 0 ? "-$" : "$") + Math.abs(x).toLocaleString("en-US", { minimumFractionDigits: Number.isInteger(clean(x)) ? 0 : 2, maximumFractionDigits: Math.abs(x) < 1 ? 6 : 2 }),
    count: (x) => {
      for (const [unit, name] of [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e4, "k"]]) {
        if (Math.abs(x) >= unit) return `${digits(name === "k" ? x / 1e3 : x / unit)} ${name}`;
      }
      return digits(x);
    },
  };

  // Steps that people count time in, where powers of ten do not.
  const niceStep = (range, unit) => {
    let base = 1;
    if (unit === "duration") base = range > 7200 ? 3600 : range > 120 ? 60 : 1;
    const raw = range / 5 / base;
    const ten = 10 ** Math.floor(Math.log10(raw));
    return [1, 2, 5, 10].map((m) => m * ten).find((step) => step >= raw * 0.999) * base;
  };
  const timesOfLog = [1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 1, 10, 60, 600, 3600, 36000, 360000, 3.6e6, 3.6e7];

  // Charts -----------------------------------------------------------------------------------------------------------------------------

  const colour = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim();
  const faded = (hex, alpha) => hex + Math.round(alpha * 255).toString(16).padStart(2, "0");
  const isNarrow = () => window.innerWidth < 560;
  const font = (size = 12, weight = "normal") => ({ family: getComputedStyle(document.body).fontFamily, size, weight });

  const axis = (spec, values, options = {}) => {
    const shown = values.filter((v) => Number.isFinite(v));
    const high = Math.max(...shown, 0);
    const low = Math.min(...shown, 0);
    const made = {
      type: spec.scale,
      title: { display: true, text: spec.title, color: colour("muted"), font: font() },
      grid: { color: colour("rule"), drawBorder: false, tickColor: "transparent" },
      ticks: { color: colour("muted"), font: font(), maxRotation: 0, autoSkipPadding: 14, callback: (v) => figure[spec.unit](v) },
    };
    if (spec.scale === "logarithmic") {
      const positive = shown.filter((v) => v > 0);
      const top = Math.max(...positive, 1e-9);
      made.max = timesOfLog.find((t) => t >= top) ?? top;
      made.min = Math.max(timesOfLog.filter((t) => t <= Math.min(...positive, top)).pop() ?? 1e-9, made.max / 1e7);
      if (made.min === made.max) made.min = made.max / 10;
      made.afterBuildTicks = (scale) => {
        scale.ticks = timesOfLog.filter((t) => t >= scale.min && t <= scale.max).map((value) => ({ value }));
      };
    } else if (spec.unit === "share") {
      Object.assign(made, { min: 0, max: 1 });
      made.ticks.stepSize = 0.25;
    } else if (high > low && (spec.unit === "duration" || spec.unit === "change")) {
      const step = niceStep((high - low) / (isNarrow() ? 0.7 : 1), spec.unit);
      // Without the last digits of a product: Chart.js takes the length of a bound for the width of its label.
      made.ticks.stepSize = clean(step);
      made.max = clean(Math.ceil(high / step - 1e-9) * step);
      made.min = clean(Math.floor(low / step + 1e-9) * step);
    } else {
      made.beginAtZero = true;
      made.ticks.maxTicksLimit = isNarrow() ? 5 : 8;
    }
    return Object.assign(made, options);
  };

  const tooltip = (callbacks) => ({
    backgroundColor: colour("ink"), titleColor: colour("paper"), bodyColor: colour("paper"), titleFont: font(12, "600"), bodyFont: font(),
    padding: 9, cornerRadius: 4, boxPadding: 4, usePointStyle: true, callbacks,
  });
  const options = (own) => ({
    animation: false, responsive: true, maintainAspectRatio: false, devicePixelRatio: Math.max(2, window.devicePixelRatio || 1),
    layout: { padding: { right: 6, top: 4 } }, ...own, plugins: { legend: { display: false }, ...own.plugins },
  });
  // A label of an axis, in lines that a phone has room for.
  const inLines = (text) => {
    const width = isNarrow() ? 15 : 30;
    const lines = [""];
    for (const word of text.split(" ")) {
      const last = lines[lines.length - 1];
      if (last && (last + word).length >= width) lines.push(word);
      else lines[lines.length - 1] = last ? `${last} ${word}` : word;
    }
    return lines;
  };
  const write = (ctx, text, x, y, ink, { align = "left", size = 12, weight = "normal" } = {}) => {
    const { family } = font();
    ctx.font = `${weight} ${size}px ${family}`;
    ctx.textAlign = align;
    ctx.textBaseline = "middle";
    ctx.fillStyle = ink;
    ctx.fillText(text, x, y);
  };

  const charts = {
    // Lines; x and y as axes say. {series: [{name, colour, points: [[x, y]], stepped}], dots: true to mark each point}
    curves: (chart) => {
      const xs = chart.series.flatMap((s) => s.points.map(([x]) => x));
      const ys = chart.series.flatMap((s) => s.points.map(([, y]) => y));
      const x = axis(chart.x, xs);
      const y = axis(chart.y, ys);
      const points = (s) => {
        // What took no time at all stands at the left edge of an axis that has no zero.
        const drawn = s.points.map(([px, py]) => ({ x: x.min > 0 ? Math.max(px, x.min) : px, y: py }));
        if (chart.y.unit !== "share") return drawn;
        return [{ x: Math.min(x.min ?? 0, drawn[0].x), y: 0 }, ...(s.stepped ? [] : [{ x: drawn[0].x, y: 0 }]), ...drawn, { x: x.max, y: 1 }];
      };
      return {
        height: isNarrow() ? 260 : 340,
        legend: chart.series.map((s) => ({ name: s.name, swatch: s.colour, shape: "line" })),
        config: {
          type: "line",
          data: {
            datasets: chart.series.map((s) => ({
              label: s.name, data: points(s), stepped: s.stepped ? "before" : false, borderColor: colour(s.colour), borderWidth: 2.5,
              pointRadius: chart.dots ? 2.5 : 0, pointHoverRadius: 4, backgroundColor: colour(s.colour),
              borderJoinStyle: "round",
            })),
          },
          options: options({
            interaction: { mode: "nearest", axis: "x", intersect: false },
            scales: { x, y },
            plugins: {
              tooltip: tooltip({
                title: (items) => `${chart.x.title}: ${figure[chart.x.unit](items[0].parsed.x)}`,
                label: (item) => ` ${item.dataset.label}: ${figure[chart.y.unit](item.parsed.y)}`,
              }),
            },
          }),
        },
      };
    },

    // Bars that lie. {categories, category_colours, series: [{name, colour, values, texts}], stacked: true for one bar a category}
    bars: (chart) => {
      const sums = chart.stacked ? chart.categories.map((_, i) => chart.series.reduce((sum, s) => sum + (s.values[i] ?? 0), 0)) : [];
      const all = chart.stacked ? sums : chart.series.flatMap((s) => s.values);
      const thick = chart.stacked ? 26 : 13;
      const perCategory = chart.stacked ? 40 : 16 * chart.series.length + 14;
      // Shares of planned in the parts of a stacked bar, values at the ends of others.
      const label = ({ ctx, chartArea }, bar, fill, value, sum) => {
        const { x, y, base } = bar.getProps(["x", "y", "base"], true);
        if (chart.stacked) {
          if (Math.abs(x - base) > 32) write(ctx, `${Math.round((100 * value) / sum)} %`, (x + base) / 2, y, inkOn(fill), { align: "center", size: 11.5, weight: "600" });
          return;
        }
        const text = figure[chart.x.unit](value);
        const outwards = value < 0 ? -1 : 1;
        const end = x + outwards * (6 + 7 * text.length);
        if (end < chartArea.right + 6 && end > chartArea.left - 2) {
          write(ctx, text, x + 5 * outwards, y, colour("muted"), { align: value < 0 ? "right" : "left", size: 11 });
        } else {
          write(ctx, text, x - 5 * outwards, y, inkOn(fill), { align: value < 0 ? "left" : "right", size: 11 });
        }
      };
      const labels = {
        id: "labels",
        afterDatasetsDraw: (made) => made.data.datasets.forEach((set, d) => made.getDatasetMeta(d).data.forEach((bar, i) => {
          if (set.data[i] != null) label(made, bar, set.backgroundColor, set.data[i], sums[i]);
        })),
      };
      const categoryColours = chart.category_colours?.map(colour) ?? colour("ink");
      const x = axis(chart.x, all, { stacked: chart.stacked });
      if (chart.stacked && chart.x.unit !== "duration") x.max = Math.max(...sums);
      if (chart.stacked) x.ticks.includeBounds = false;
      return {
        height: chart.categories.length * perCategory + 62,
        legend: chart.series.map((s) => ({ name: s.name, swatch: s.colour })),
        config: {
          type: "bar",
          data: {
            labels: chart.categories.map(inLines),
            datasets: chart.series.map((s) => ({
              label: s.name, data: s.values, texts: s.texts, backgroundColor: colour(s.colour), borderColor: colour("card"),
              borderWidth: chart.stacked ? { left: 0, right: 1.5 } : 0, borderRadius: chart.stacked ? 0 : 2, barThickness: thick,
              categoryPercentage: 0.9, minBarLength: chart.stacked ? 0 : 2,
            })),
          },
          options: options({
            indexAxis: "y",
            scales: {
              x,
              y: { stacked: chart.stacked, grid: { display: false, drawBorder: false }, ticks: { color: categoryColours, font: font(12.5, chart.category_colours ? "600" : "normal"), crossAlign: "far", autoSkip: false } },
            },
            plugins: {
              tooltip: tooltip({ title: (items) => chart.categories[items[0].dataIndex], label: (item) => ` ${item.dataset.label}: ${item.dataset.texts[item.dataIndex]}` }),
            },
          }),
          plugins: [labels],
        },
      };
    },

    // {points: [{name, colour, x, y, size, member, text}]}
    bubbles: (chart) => {
      const biggest = Math.max(...chart.points.map((p) => p.size), 1);
      // Each label goes beside its bubble, where neither a bubble nor another label is.
      const labels = {
        id: "labels",
        afterDatasetsDraw: (made) => {
          const { ctx, chartArea } = made;
          const bubbles = made.data.datasets.map((set, d) => ({ point: set.point, at: made.getDatasetMeta(d).data[0] }));
          const taken = bubbles.map(({ at: { x, y, options: { radius: r } } }) => [x - r, y - r, x + r, y + r]);
          for (const { point, at } of bubbles) {
            ctx.font = `600 13px ${font().family}`;
            const width = Math.max(ctx.measureText(point.name).width, 6.2 * point.text.length);
            const gap = at.options.radius + 8;
            const middle = Math.min(Math.max(at.x - width / 2, chartArea.left), chartArea.right + 24 - width);
            const sides = [at.x + gap, at.x - gap - width, middle];
            const boxes = [0, 20, -20, 40, -40, 60, -60, 80, -80, 110, -110].flatMap((down) => sides.map((left) => [left, at.y + down - 15, left + width, at.y + down + 15]));
            const isFree = ([left, top, right, bottom]) => left >= chartArea.left && right <= chartArea.right + 24 && top >= 0 && bottom <= chartArea.bottom &&
              taken.every(([l, t, r, b]) => right < l || left > r || bottom < t || top > b);
            const box = boxes.find(isFree) ?? boxes[0];
            taken.push(box);
            const [left, top] = box;
            const isLeft = left < at.x;
            const x = isLeft ? left + width : left;
            write(ctx, point.name, x, top + 7, colour(point.colour), { align: isLeft ? "right" : "left", size: 13, weight: "600" });
            write(ctx, point.text, x, top + 23, colour("muted"), { align: isLeft ? "right" : "left", size: 11.5 });
          }
        },
      };
      return {
        height: isNarrow() ? 300 : 360,
        legend: [{ name: "in the Pareto set", swatch: "ink" }, { name: "another policy is better", swatch: "rule" }],
        config: {
          type: "bubble",
          data: {
            datasets: chart.points.map((p) => ({
              label: p.name, point: p, clip: false, data: [{ x: p.x, y: p.y, r: 7 + 17 * Math.sqrt(p.size / biggest) }],
              backgroundColor: faded(colour(p.colour), p.member ? 0.85 : 0.12), borderColor: colour(p.colour), borderWidth: p.member ? 0 : 1.5,
            })),
          },
          options: options({
            layout: { padding: { right: 26, top: 16, left: 4 } },
            scales: {
              x: axis(chart.x, chart.points.map((p) => p.x * 1.15)),
              y: axis(chart.y, chart.points.map((p) => p.y), { beginAtZero: false, grace: "25%" }),
            },
            plugins: {
              tooltip: tooltip({
                label: ({ dataset: { point } }) => [
                  ` ${point.name}: ${figure.duration(point.x)}, ${figure[chart.y.unit](point.y)} used`, ` ${point.text}`,
                ],
              }),
            },
          }),
          plugins: [labels],
        },
      };
    },

    // Operations of one request as bars over time. {rows: [{policy, colour, lanes, cancel, stop, bars: [{lane, from, to, kind, cut_off, text}]}]}
    timeline: (chart) => {
      const kinds = [...new Set(chart.rows.flatMap((row) => row.bars.map((bar) => bar.kind)))];
      const lane = (r, l) => `${r}:${l}`;
      const lanes = chart.rows.flatMap((row, r) => Array.from({ length: row.lanes }, (_, l) => lane(r, l)));
      const bars = chart.rows.flatMap((row, r) => row.bars.map((bar) => ({ ...bar, key: lane(r, bar.lane) })));
      const size = Math.max(9, Math.min(20, 240 / lanes.length));
      const marks = {
        id: "marks",
        afterDatasetsDraw: ({ ctx, scales: { x, y } }) => {
          ctx.save();
          chart.rows.forEach((row, r) => {
            const top = y.getPixelForValue(lanes.indexOf(lane(r, 0))) - size * 0.85;
            const bottom = y.getPixelForValue(lanes.indexOf(lane(r, row.lanes - 1))) + size * 0.85;
            const upright = (at, dash) => {
              ctx.beginPath();
              ctx.setLineDash(dash);
              ctx.lineWidth = 2;
              ctx.strokeStyle = colour("ink");
              ctx.moveTo(x.getPixelForValue(at), top);
              ctx.lineTo(x.getPixelForValue(at), bottom);
              ctx.stroke();
            };
            if (row.cancel != null) upright(row.cancel, [3, 3]);
            upright(row.stop, []);
          });
          for (const bar of bars.filter((b) => b.cut_off)) {
            write(ctx, "✕", x.getPixelForValue(bar.to) + 7, y.getPixelForValue(lanes.indexOf(bar.key)), colour("ink"), { size: 12, weight: "700", align: "center" });
          }
          ctx.restore();
        },
      };
      return {
        height: lanes.length * (size + 8) + 62,
        legend: [
          ...kinds.map((kind) => ({ name: kind, swatch: kind })), { name: "cancel sent", shape: "upright dashed" }, { name: "stop", shape: "upright" },
          ...(bars.some((b) => b.cut_off) ? [{ name: "cut off", shape: "cross", sign: "✕" }] : []),
        ],
        config: {
          type: "bar",
          data: {
            labels: lanes,
            datasets: [{
              label: "from arrival to stop", grouped: false, barThickness: 2, order: 1, backgroundColor: colour("never"),
              data: chart.rows.map((row, r) => ({ x: [0, row.stop], y: lane(r, 0), text: `${row.policy}: stopped after ${figure.duration(row.stop)}` })),
            }, ...kinds.map((kind) => ({
              label: kind, grouped: false, barThickness: size, minBarLength: 1.5, borderSkipped: false, borderColor: colour("card"),
              borderWidth: { left: 0, right: 1, top: 0, bottom: 0 }, backgroundColor: colour(kind),
              data: bars.filter((b) => b.kind === kind).map((b) => ({ x: [b.from, b.to], y: b.key, text: b.text })),
            }))],
          },
          options: options({
            indexAxis: "y",
            layout: { padding: { right: 14 } },
            scales: {
              x: axis(chart.x, chart.rows.flatMap((row) => [row.stop, row.cancel ?? 0, ...row.bars.map((bar) => bar.to)])),
              y: {
                grid: { display: false, drawBorder: false },
                ticks: {
                  color: lanes.map((key) => colour(chart.rows[Number(key.split(":")[0])].colour)), font: font(12.5, "600"), crossAlign: "far", autoSkip: false,
                  callback: (_, i) => (lanes[i].endsWith(":0") ? chart.rows[Number(lanes[i].split(":")[0])].policy : ""),
                },
              },
            },
            plugins: { tooltip: tooltip({ title: () => "", label: (item) => ` ${item.raw.text}` }) },
          }),
          plugins: [marks],
        },
      };
    },
  };

  // Dark letters on a light bar, light ones on a dark bar.
  const inkOn = (hex) => {
    const [r, g, b] = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255);
    return 0.299 * r + 0.587 * g + 0.114 * b > 0.56 ? "#1c1f23" : "#ffffff";
  };

  const scratch = document.createElement("canvas").getContext("2d", { willReadFrequently: true });

  // Whether a chart has come out: how many of its marks lie within it, and how many of those have left something on the canvas.
  const note = (chart) => {
    const { canvas, chartArea, currentDevicePixelRatio: ratio } = chart;
    const elements = chart.data.datasets.flatMap((_, d) => chart.getDatasetMeta(d).data).map((e) => e.getCenterPoint());
    const inside = elements.filter(({ x, y }) => x >= chartArea.left && x <= chartArea.right && y >= chartArea.top && y <= chartArea.bottom);
    const every = Math.max(1, Math.floor(inside.length / 50));
    const looked = inside.filter((_, i) => i % every === 0);
    scratch.canvas.width = canvas.width;
    scratch.canvas.height = canvas.height;
    scratch.drawImage(canvas, 0, 0);
    const painted = looked.filter(({ x, y }) => {
      const { data: pixels } = scratch.getImageData(Math.round(x * ratio) - 1, Math.round(y * ratio) - 1, 3, 3);
      return pixels.some((value, i) => i % 4 === 3 && value > 0);
    });
    Object.assign(canvas.dataset, { marks: inside.length, looked: looked.length, painted: painted.length });
  };

  const drawings = [];
  const draw = (drawing) => {
    const { canvas, holder, chart } = drawing;
    drawing.made?.destroy();
    const { height, config, legend: entries } = charts[chart.type](chart);
    holder.style.height = `${height}px`;
    const shown = legend(entries);
    drawing.legend.replaceWith(shown);
    drawing.legend = shown;
    drawing.made = new Chart(canvas, config);
    note(drawing.made);
  };

  // The page ---------------------------------------------------------------------------------------------------------------------------

  const figureOf = ({ title, note: below, chart, table: same }) => {
    const canvas = element("canvas", { role: "img", "aria-label": chart.label, "data-type": chart.type });
    const holder = element("div", { class: "canvas" }, canvas);
    const drawing = { canvas, holder, chart, legend: element("ul", { class: "legend" }) };
    drawings.push(drawing);
    return element("figure", {}, element("h3", { text: title }), below ? paragraph(below, "p", { class: "note" }) : null, drawing.legend, holder,
      element("details", {}, element("summary", { text: "The same as a table" }), table(same, false)));
  };

  const sectionOf = (section, prefix) => {
    const made = element("section", { id: `${prefix}-${section.id}`, "data-section": section.id, "aria-labelledby": `${prefix}-${section.id}-title` },
      element("h2", { id: `${prefix}-${section.id}-title`, text: section.title }),
      ...(section.lines ?? []).map((text) => paragraph(text)));
    if (section.items) made.append(element("ul", { class: "policies" }, ...section.items.map(({ name, text, colour: swatch }) => element("li", { swatch }, element("strong", { text: name }), bound(text)))));
    if (section.figures) made.append(element("div", { class: "figures" }, ...section.figures.map(figureOf)));
    if (section.tables?.length) made.append(element("div", { class: "tables" }, ...section.tables.map((t) => table(t, true))));
    if (section.remarks) made.append(element("ul", { class: "remarks" }, ...section.remarks.map((text) => paragraph(text, "li"))));
    if (section.code) made.append(element("details", {}, element("summary", { text: "scenario.yaml" }), element("pre", {}, element("code", { text: section.code }))));
    return made;
  };

  const articleOf = (scenario, index) => {
    const prefix = `scenario-${index + 1}`;
    return element("article", { id: prefix, "aria-labelledby": `${prefix}-title` },
      element("header", {},
        element("p", { class: "eyebrow", text: "Cancellation report" }),
        element("h1", { id: `${prefix}-title`, text: scenario.name }),
        scenario.description ? element("p", { class: "description", text: scenario.description }) : null,
        paragraph(scenario.lead, "p", { class: "lead" }),
        scenario.facts.length ? element("dl", { class: "facts" }, ...scenario.facts.map(({ label, value, note: small }) =>
          element("div", {}, element("dt", { text: label }), element("dd", { class: "value", text: value }), element("dd", { class: "note", text: small })))) : null,
        ...scenario.lines.map((text) => paragraph(text)),
        scenario.missing ? element("p", { class: "missing", text: scenario.missing }) : null,
        element("nav", { "aria-label": `Sections of ${scenario.name}` }, element("ul", {}, ...scenario.sections.map(({ id, title }) =>
          element("li", {}, element("a", { href: `#${prefix}-${id}`, text: title })))))),
      ...scenario.sections.map((section) => sectionOf(section, prefix)));
  };

  const page = document.getElementById("page");
  if (data.scenarios.length > 1) {
    page.append(element("nav", { class: "scenarios", "aria-label": "Scenarios" }, element("ul", {}, ...data.scenarios.map(({ name }, i) =>
      element("li", {}, element("a", { href: `#scenario-${i + 1}`, text: name }))))));
  }
  page.append(...data.scenarios.map(articleOf));

  const drawAll = () => drawings.forEach(draw);
  drawAll();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  matchMedia("(max-width: 559px)").addEventListener("change", drawAll);
  // On paper it is always light.
  addEventListener("beforeprint", () => { root.classList.add("printing"); drawAll(); });
  addEventListener("afterprint", () => { root.classList.remove("printing"); drawAll(); });
  document.body.dataset.charts = drawings.length;
})();
