/* A page without a browser, for tests of the scripts in static/. Each test file runs in a process of its own, so each has
   one page: call `openPage` before the scripts are imported. */
import { Window } from "happy-dom";

const GLOBALS = [
  "document",
  "history",
  "location",
  "sessionStorage",
  "DOMParser",
  "Element",
  "Event",
  "FormData",
  "KeyboardEvent",
  "getSelection",
  "matchMedia",
  "requestAnimationFrame",
];

export const ADDRESS = "https://holdfast.example/w/7/inbox/";

/** @param {string} body the page's HTML */
export function openPage(body) {
  const window = new Window({ url: ADDRESS });
  window.document.body.innerHTML = body;
  for (const name of GLOBALS) {
    const value = window[name];
    const bound = typeof value === "function" && /^[a-z]/.test(name) ? value.bind(window) : value;
    Object.defineProperty(globalThis, name, { value: bound, configurable: true });
  }
  globalThis.addEventListener = window.addEventListener.bind(window);
  globalThis.dispatchEvent = window.dispatchEvent.bind(window);
  globalThis.htmx = { process() {}, trigger() {} };
  window.Element.prototype.scrollIntoView = () => {};
  window.Element.prototype.checkVisibility = () => true;
  return window;
}

/** Requests that the scripts have sent and that no test has answered yet. */
export const requests = [];
globalThis.fetch = (url, options = {}) =>
  new Promise((resolve, reject) => {
    /** @param {string} html */
    const answer = (html, status = 200, redirected = false) =>
      resolve({
        ok: status < 400,
        status,
        redirected,
        url: String(url),
        text: async () => html,
        json: async () => JSON.parse(html),
      });
    requests.push({ url: String(url), options, answer, fail: () => reject(new TypeError("offline")) });
  });

/** Waits for the next request, which leaves the list. */
export async function nextRequest() {
  await until(() => requests.length);
  return requests.shift();
}
/** @param {() => unknown} condition */
export async function until(condition) {
  for (let tries = 0; !condition(); tries += 1) {
    if (tries > 1000) throw new Error("It has not happened within 10 s.");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
