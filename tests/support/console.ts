/** Does some work and captures its console output, or what it prints as errors. */
export async function printedBy<T>(
  work: () => Promise<T>,
  method: "log" | "error" = "log",
): Promise<{ lines: string[]; value: T }> {
  const lines: string[] = [];
  const usual = console[method];
  console[method] = (...values: unknown[]) => lines.push(values.join(" "));
  try {
    return { lines, value: await work() };
  } finally {
    console[method] = usual;
  }
}
