// A worker that sends a message each second.
setInterval(postMessage, 1000, null);
