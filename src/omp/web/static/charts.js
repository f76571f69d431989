"use strict";
// Charts: one small table of kinds over uPlot; colours come from the style sheet.
(() => {
  const drawn = new WeakMap();
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const axis = (more) => ({
    stroke: css("--quiet"), font: "11px " + css("--sans"),
    grid: { stroke: css("--line"), width: 1 }, ticks: { stroke: css("--line"), width: 1, size: 4 },
    ...more,
  });
  const percent = (_u, values) => values.map((v) => (v === null ? "" : (100 * v).toFixed(0) + " %"));

  const line = (label, name, more) => ({
    label, stroke: css(name), width: 1.6, points: { show: false }, ...more,
  });
  const level = (u, v) => (v == null ? "–" : v.toFixed(2));

  const KINDS = {
    convergence: {
      columns: ["x", "best", "median"],
      options: () => ({
        scales: { x: { time: false } },
        axes: [axis({ label: "generation", labelSize: 18, size: 34 }), axis({ size: 44 })],
        series: [
          { label: "generation" },
          line("best", "--accent", { value: level, points: { show: true, size: 4 } }),
          line("median", "--second", { value: level, dash: [4, 3] }),
        ],
      }),
    },
    equity: {
      columns: ["x", "equity", "buy_and_hold"],
      options: () => ({
        axes: [axis({ size: 34 }), axis({ size: 48 })],
        series: [
          {},
          line("strategy", "--accent", { value: level }),
          line("buy and hold", "--second", { value: level, dash: [4, 3] }),
        ],
      }),
    },
    drawdown: {
      columns: ["x", "drawdown"],
      height: 120,
      options: () => ({
        axes: [axis({ size: 34 }), axis({ size: 48, values: percent })],
        series: [
          {},
          line("drawdown", "--bad", { fill: css("--bad-wash"), value: (u, v) => (v == null ? "–" : (100 * v).toFixed(1) + " %") }),
        ],
      }),
    },
  };

  async function draw(box) {
    const kind = KINDS[box.dataset.chart];
    if (!kind || !window.uPlot) return;
    const answer = await fetch(box.dataset.source, { headers: { accept: "application/json" } });
    if (!answer.ok) return;
    const found = await answer.json();
    const known = (name) => (found[name] || []).some((v) => v !== null);
    const columns = kind.columns.filter((name, place) => place === 0 || known(name));
    const data = columns.map((name) => found[name] || []);
    box.classList.toggle("is-empty", columns.length < 2);
    const before = drawn.get(box);
    if (before && before.columns.join() === columns.join()) {
      before.chart.setData(data);
      return;
    }
    if (before) before.chart.destroy();
    const width = Math.max(240, box.clientWidth);
    const options = { width, height: kind.height || 190, cursor: { y: false }, ...kind.options() };
    options.series = options.series.filter((_one, place) => columns.includes(kind.columns[place]));
    box.replaceChildren();
    if (columns.length < 2) { drawn.delete(box); return; }
    const chart = new window.uPlot(options, data, box);
    drawn.set(box, { chart, columns });
  }

  function drawAll(root) {
    root.querySelectorAll("[data-chart]").forEach((box) => { if (!drawn.has(box)) draw(box); });
  }

  addEventListener("resize", () => {
    document.querySelectorAll("[data-chart]").forEach((box) => {
      const before = drawn.get(box);
      if (before) before.chart.setSize({ width: Math.max(240, box.clientWidth), height: before.chart.height });
    });
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    document.querySelectorAll("[data-chart]").forEach((box) => {
      const before = drawn.get(box);
      if (before) { before.chart.destroy(); drawn.delete(box); }
      draw(box);
    });
  });

  window.omp = { ...(window.omp || {}), draw, drawAll };
})();
