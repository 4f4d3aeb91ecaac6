// Themes of what a page shows: cells that RAO Lab drew follow the page, and so do figures of plotly.
// The search of a folder without a server shows no excerpts: a browser reads no other page for it.
if (location.protocol === "file:" && typeof DOCUMENTATION_OPTIONS !== "undefined") {
  DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
}

const dark = matchMedia("(prefers-color-scheme: dark)");

function isDark() {
  const theme = document.body.dataset.theme;
  return theme === "dark" || (theme !== "light" && dark.matches);
}

function tones(layout) {
  if (!isDark()) return layout;
  const ink = "#e9eaec", label = "#9aa0a8", rule = "#363739";
  const found = structuredClone(layout);
  Object.assign(found, { paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)" });
  found.font = { ...found.font, color: ink };
  if (found.title?.font) found.title.font.color = ink;
  for (const each of found.annotations ?? []) each.font = { ...each.font, color: label };
  for (const name of Object.keys({ xaxis: 0, yaxis: 0, ...found })) {
    if (!/^[xy]axis\d*$/.test(name)) continue;
    found[name] = { ...found[name], gridcolor: rule, linecolor: rule, zerolinecolor: rule };
  }
  return found;
}

// A frame asks for the page's theme once it is there, and gets it again after each change.
function tell(frame) {
  frame.contentWindow?.postMessage({ raoDark: isDark() }, "*");
}

addEventListener("message", ({ source, data }) => {
  if (data !== "raoTheme") return;
  for (const frame of document.querySelectorAll("iframe.explorer")) if (frame.contentWindow === source) tell(frame);
});

function draw() {
  document.body.dataset.jpThemeLight = String(!isDark());
  document.querySelectorAll("iframe.explorer").forEach(tell);
  for (const held of document.querySelectorAll("script[data-figure]")) {
    const { data, layout } = JSON.parse(held.textContent);
    const options = { responsive: true, displaylogo: false, displayModeBar: false };
    window.Plotly?.react(held.dataset.figure, data, tones(layout), options);
  }
}

// Figures are as wide as a page of paper while it is printed.
function width(found) {
  for (const held of document.querySelectorAll("script[data-figure]")) {
    window.Plotly?.relayout(held.dataset.figure, found);
  }
}

addEventListener("beforeprint", () => width({ width: 680 }));
addEventListener("afterprint", () => width({ width: null, autosize: true }));

addEventListener("DOMContentLoaded", () => {
  draw();
  dark.addEventListener("change", draw);
  new MutationObserver(draw).observe(document.body, { attributes: true, attributeFilter: ["data-theme"] });
});
