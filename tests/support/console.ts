/** Does some work, and keeps what it prints from the console. */
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
