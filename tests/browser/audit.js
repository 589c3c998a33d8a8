// What a page must have to be usable without eyes or a mouse. Returns a list of problems in words.
() => {
  const problems = [];
  const shown = (element) => element.checkVisibility({ visibilityProperty: true });
  const all = (selector) => [...document.querySelectorAll(selector)].filter(shown);
  const text = (id) => document.getElementById(id)?.textContent.trim() ?? "";
  const name = (element) =>
    element.getAttribute("aria-label") ||
    (element.getAttribute("aria-labelledby") || "").split(" ").map(text).join(" ").trim() ||
    [...(element.labels || [])].map((label) => label.textContent).join(" ").trim() ||
    element.title ||
    (element.matches("[type=submit]") && element.value) ||
    element.textContent.trim() ||
    (element.type === "submit" && element.value) || // such a button is named by its value
    element.querySelector("[aria-label]")?.getAttribute("aria-label") ||
    element.querySelector("[title]")?.title;
  const say = (problem, element) => problems.push(`${problem}: ${element.outerHTML.slice(0, 120)}`);

  if (!document.documentElement.lang) problems.push("no language");
  if (!document.title) problems.push("no title");
  if (all("h1").length !== 1) problems.push(`${all("h1").length} h1`);
  if (document.querySelectorAll("main").length !== 1) problems.push("not one main");
  for (const element of all("a[href], button, input:not([type=hidden]), select, textarea, iframe, summary")) {
    if (!name(element)) say("no name", element);
    const box = element.getBoundingClientRect();
    const inText = getComputedStyle(element).display === "inline" || element.closest("td, th, li"); // 2.5.8: a link in text or alone in its row
    if (!inText && element.matches("a, button, select") && box.height < 24 && box.width > 1) say("smaller than 24 px", element);
  }
  const visible = (element) => [...element.childNodes].map((node) => (node.nodeType === 3 ? node.data : node.nodeType === 1 && !node.matches("kbd, .icon, .visually-hidden, [aria-hidden=true]") ? visible(node) : " ")).join("");
  const plain = (words) => words.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, " ").trim();
  for (const element of all("a[aria-label], button[aria-label]")) // 2.5.3: who speaks to the page says what stands there
    if (!` ${plain(element.ariaLabel)} `.includes(` ${plain(visible(element))} `.replace("  ", " "))) say("its name lacks what stands there", element);
  const middles = all("[type=checkbox], [type=radio]").map((element) => [element, element.getBoundingClientRect()]).map(([element, box]) => [element, box.x + box.width / 2, box.y + box.height / 2]);
  for (const [place, [element, x, y]] of middles.entries()) // 2.5.8
    if (middles.slice(place + 1).some(([, left, top]) => Math.hypot(left - x, top - y) < 24)) say("closer than 24 px to the next", element);
  for (const element of all("nav, section, aside, [role=group], [role=toolbar], [role=log], [role=search], dialog")) {
    if (element.matches("section") && !element.hasAttribute("aria-label") && !element.hasAttribute("aria-labelledby")) continue;
    if (!element.getAttribute("aria-label") && !text(element.getAttribute("aria-labelledby") || "")) say("landmark without a name", element);
  }
  for (const image of all("img, svg[role=img]")) if (!(image.alt || image.getAttribute("aria-label"))) say("image without words", image);
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  for (const id of new Set(ids.filter((value, place) => ids.indexOf(value) !== place))) problems.push(`id twice: ${id}`);
  for (const attribute of ["aria-labelledby", "aria-describedby", "popovertarget", "commandfor", "form", "for"])
    for (const element of document.querySelectorAll(`[${attribute}]`))
      for (const id of element.getAttribute(attribute).split(" "))
        if (!document.getElementById(id)) say(`${attribute} leads nowhere`, element);
  let level = 0;
  for (const heading of all("main :is(h1, h2, h3, h4)")) {
    const own = Number(heading.tagName[1]);
    if (level && own > level + 1) say("heading level skipped", heading);
    level = own;
  }
  if (document.documentElement.scrollWidth > document.documentElement.clientWidth) problems.push("wider than the window");

  const channel = (value) => ((value /= 255) <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const remembered = (memory, compute) => (key) => (memory.has(key) ? memory : memory.set(key, compute(key))).get(key);
  const rgba = remembered(new Map(), (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  });
  const ground = remembered(new Map([[null, [255, 255, 255, 255]]]), (element) => {
    const colour = rgba(getComputedStyle(element).backgroundColor);
    return colour[3] === 255 ? colour : ground(element.parentElement);
  });
  for (const element of all("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || element.matches(".visually-hidden, .visually-hidden *, .skip, option")) continue;
    const [front, back] = [luminance(rgba(getComputedStyle(element).color)), luminance(ground(element))];
    const ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
    if (ratio < 4.5) say(`contrast ${ratio.toFixed(1)}`, element);
  }
  return problems;
}
