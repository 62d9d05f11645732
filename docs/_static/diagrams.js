// Draws the diagrams in the colours of the page, and again when the reader switches between light and dark.
const sources = new Map();
const system = matchMedia("(prefers-color-scheme: dark)");

const isDark = () => {
  const theme = document.body.dataset.theme;
  return theme === "dark" || (theme !== "light" && system.matches);
};

const draw = async () => {
  mermaid.initialize({ startOnLoad: false, theme: isDark() ? "dark" : "neutral", fontFamily: "inherit" });
  for (const [element, source] of sources) {
    element.textContent = source;
    delete element.dataset.processed;
  }
  await mermaid.run({ nodes: [...sources.keys()] });
};

// One drawing at a time: mermaid reads a diagram's source from the page, where a finished drawing replaces it.
let drawing = Promise.resolve();
let drawn;
const redraw = () => {
  drawing = drawing.then(async () => {
    if (drawn === isDark()) return;
    drawn = isDark();
    await draw();
  });
};

document.addEventListener("DOMContentLoaded", () => {
  for (const element of document.querySelectorAll("pre.mermaid")) sources.set(element, element.textContent);
  new MutationObserver(redraw).observe(document.body, { attributeFilter: ["data-theme"] });
  system.addEventListener("change", redraw);
  redraw();
});
