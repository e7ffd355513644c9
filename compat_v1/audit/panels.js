"use strict";
const differences = [...document.querySelectorAll(".difference")];

function show(difference) {
  for (const panel of difference.querySelectorAll(".panel")) {
    const graph = panel.querySelector(".graph");
    const scale = Math.max(.7, Math.min(1, panel.clientWidth / graph.viewBox.baseVal.width));
    graph.setAttribute("width", graph.viewBox.baseVal.width * scale);
    graph.setAttribute("height", graph.viewBox.baseVal.height * scale);
    panel.scrollTo(panel.dataset.x * scale - panel.clientWidth / 2, panel.dataset.y * scale - panel.clientHeight / 2);
  }
}

for (const one of differences) {
  one.addEventListener("toggle", () => show(one));
  const panels = [...one.querySelectorAll(".panel")];
  for (const panel of panels) {
    // Partners lie in the same place: what is scrolled here is scrolled there.
    panel.addEventListener("scroll", () => {
      if (!panel.matches(":hover, :focus")) return;
      for (const other of panels) if (other !== panel) other.scrollTo(panel.scrollLeft, panel.scrollTop);
    });
    panel.addEventListener("mouseover", event => {
      const vertex = event.target.closest(".node")?.dataset.vertex;
      for (const node of one.querySelectorAll(".node")) node.classList.toggle("same", node.dataset.vertex === vertex);
    });
  }
}
if (differences.length) differences[0].open = true;
