// Prints its arguments, to both outputs, and exits with the first as its code;
// with no argument it stays forever.
import process from "node:process";

const [code, ...words] = process.argv.slice(2);
if (code === undefined) setInterval(() => {}, 1_000);
else {
  console.log(words.join(" "));
  console.error(`exiting with ${code}`);
  process.exitCode = Number(code);
}
