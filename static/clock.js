// A worker: answers once, after as many ms as the message says. A browser slows the timers of a hidden page down.
addEventListener("message", ({ data }) => setTimeout(() => postMessage(0), data));
