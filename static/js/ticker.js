// A worker that sends a message after the milliseconds it was asked to wait.
onmessage = ({ data: pause }) => setTimeout(() => postMessage(null), pause);
