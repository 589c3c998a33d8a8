// A worker that answers each message after the given ms, because browsers slow down the timers of hidden pages.
addEventListener("message", ({ data }) => setTimeout(() => postMessage(0), data));
