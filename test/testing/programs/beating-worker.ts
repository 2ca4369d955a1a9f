// Says that it is there every few milliseconds, until it is told to end.
process.on('message', () => process.exit(5));
setInterval(() => process.send?.({ beat: true }), 5);
