// A box above the list of all operations: what is typed hides the rows without it.
document.addEventListener("DOMContentLoaded", () => {
  const tables = document.querySelectorAll("section#all-operations table.operations");
  if (!tables.length) return;
  const box = document.createElement("input");
  box.type = "search";
  box.className = "operations-filter";
  box.placeholder = "Filter: a name or a word";
  box.setAttribute("aria-label", "Filter the operations");
  const heading = document.querySelector("section#all-operations > section");
  heading.before(box);
  box.addEventListener("input", () => {
    const wanted = box.value.trim().toLowerCase();
    for (const row of document.querySelectorAll("table.operations tbody tr")) {
      row.hidden = !row.textContent.toLowerCase().includes(wanted);
    }
  });
});
