"use strict";
(() => {
  // Charts. The tooltip is text only: names come from the network.
  const tip = document.createElement("div");
  tip.className = "tooltip";
  tip.hidden = true;
  document.body.append(tip);
  const tooltip = (_, event, __, value) => {
    tip.hidden = value == null;
    if (tip.hidden) return;
    tip.textContent =
      typeof value === "object"
        ? Object.entries(value).map(([name, text]) => `${name}: ${text}`).join("\n")
        : String(value);
    const right = Math.min(event.pageX + 12, document.documentElement.clientWidth - tip.offsetWidth - 8);
    tip.style.left = `${Math.max(right, 8)}px`;
    tip.style.top = `${event.pageY + 14}px`;
  };
  for (const section of document.querySelectorAll(".chart")) {
    const spec = JSON.parse(section.querySelector("script").textContent);
    // Names leave most of a narrow page to the bars.
    const width = section.querySelector(".plot").clientWidth;
    const names = width < 560 ? 120 : 220;
    const named = spec.scales.some((scale) => scale.name === "y" && scale.type === "band");
    spec.config.axis.labelLimit = names;
    spec.config.legend.labelLimit = width - (named ? names : 50) - 10;
    spec.config.legend.layout = { bottom: { anchor: "start", bounds: "full" } };
    const view = new vega.View(vega.parse(spec), { renderer: "svg", hover: true });
    view.tooltip(tooltip);
    view.initialize(section.querySelector(".plot"), section.querySelector(".choices"));
    view.description(section.querySelector("h2").textContent);
    view.runAsync();
  }

  // Tables. A click on a heading sorts; a second one reverses. Missing values are always last.
  const number = (text) => {
    const plain = text.replace(/[,%+]/g, "");
    return plain.trim() === "" ? NaN : Number(plain);
  };
  const compare = (one, other) => {
    const [a, b] = [number(one), number(other)];
    if (Number.isNaN(a) && Number.isNaN(b)) return one.localeCompare(other, "en");
    if (Number.isNaN(a) || Number.isNaN(b)) return 0;
    return a - b;
  };
  const isMissing = (text, numeric) => text === "—" || (numeric && Number.isNaN(number(text)));
  const sort = (heading) => {
    const body = heading.closest("table").tBodies[0];
    const numeric = heading.classList.contains("n");
    const before = heading.getAttribute("aria-sort");
    const descending = before ? before === "ascending" : numeric;
    for (const other of heading.parentElement.cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
    const rows = Array.from(body.rows, (row) => [row.cells[heading.cellIndex].textContent, row]);
    rows.sort(([a], [b]) => {
      const missing = isMissing(a, numeric) - isMissing(b, numeric);
      return missing || (descending ? compare(b, a) : compare(a, b));
    });
    body.append(...rows.map(([, row]) => row));
  };
  for (const button of document.querySelectorAll("th button")) {
    button.addEventListener("click", () => sort(button.parentElement));
  }
  for (const input of document.querySelectorAll(".filter input")) {
    const section = input.closest("section");
    const rows = [...section.querySelectorAll("tbody tr")];
    input.addEventListener("input", () => {
      const wanted = input.value.trim().toLowerCase();
      for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
      const left = rows.filter((row) => !row.hidden).length;
      section.querySelector("output").textContent = wanted ? `${left} of ${rows.length} rows` : "";
    });
  }
})();
