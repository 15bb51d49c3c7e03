"use strict";
// Tells the value under the pointer in a figure. The tables below each figure say the same without a pointer.

(() => {
  const series = JSON.parse(document.getElementById("series").textContent);
  const told = document.getElementById("told");
  const near = 14; // units of the drawing

  for (const plot of document.querySelectorAll("[data-series]")) {
    const svg = plot.querySelector("svg"), lines = series[plot.dataset.series] || [];
    plot.addEventListener("pointermove", (event) => {
      const box = svg.getBoundingClientRect(), view = svg.viewBox.baseVal;
      const x = ((event.clientX - box.left) / box.width) * view.width, y = ((event.clientY - box.top) / box.height) * view.height;
      let best = null, least = near * near;
      for (const line of lines) {
        for (let i = 0; i < line.x.length; i++) {
          const distance = (line.px[i] - x) ** 2 + (line.py[i] - y) ** 2;
          if (distance < least) [least, best] = [distance, { line, i }];
        }
      }
      told.hidden = best === null;
      if (best === null) return;
      const { line, i } = best, across = line.across ? `${line.across}: ` : "";
      told.textContent = `${line.label} · ${across}${line.x[i].toLocaleString("en")} · ${line.y[i]}`;
      told.style.left = `${Math.min(event.clientX + 12, window.innerWidth - told.offsetWidth - 8)}px`;
      told.style.top = `${event.clientY + 14}px`;
    });
    plot.addEventListener("pointerleave", () => { told.hidden = true; });
  }
})();
