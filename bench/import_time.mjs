// Prints the time that the import of its argument takes, in milliseconds.
const specifier = process.argv[2];
const start = performance.now();
await import(specifier);
console.log(performance.now() - start);
