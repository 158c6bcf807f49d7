/** Does some work and captures its console output. */
export async function printedBy<T>(
  work: () => Promise<T>,
): Promise<{ lines: string[]; value: T }> {
  const lines: string[] = [];
  const { log } = console;
  console.log = (...values: unknown[]) => lines.push(values.join(" "));
  try {
    return { lines, value: await work() };
  } finally {
    console.log = log;
  }
}
