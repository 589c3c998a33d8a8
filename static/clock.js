// The timer of a page that is hidden, whose own timers a browser slows down: answers once, after so many ms.
onmessage = ({ data }) => setTimeout(() => postMessage(0), data);
