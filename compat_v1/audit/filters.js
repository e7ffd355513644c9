const filters = ["kind", "scope", "text"].map(id => document.getElementById(id));

function filter() {
  const [kind, scope, text] = filters.map(field => field.value);
  const words = text.toLowerCase().split(/\s+/);
  let number = 0;
  for (const one of differences) {
    const data = one.dataset;
    one.hidden = !((kind === "*" || data.kind === kind) && (scope === "*" || data.scope === scope)
      && words.every(word => data.text.includes(word)));
    number += one.hidden ? 0 : 1;
  }
  document.getElementById("shown").textContent = number + " of " + differences.length;
}

for (const field of filters) field.addEventListener("input", filter);
for (const button of document.querySelectorAll(".copy")) {
  button.addEventListener("click", async () => {
    const text = button.parentElement.querySelector("pre");
    try {
      await navigator.clipboard.writeText(text.textContent);
    } catch {  // where a page may not write to the clipboard
      getSelection().selectAllChildren(text);
      document.execCommand("copy");
    }
    button.textContent = "Copied";
  });
}
filter();
