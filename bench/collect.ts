/** Collects garbage; the runtimes are started with the flags for it. */
export async function collect(): Promise<void> {
  for (let time = 0; time < 3; time++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    const { gc, Bun } = globalThis as unknown as {
      gc?: () => void;
      Bun?: { gc: (force: boolean) => void };
    };
    if (Bun) Bun.gc(true);
    else if (gc) gc();
    else throw new Error("Cannot collect garbage as the runtime must be started with --expose-gc");
  }
}
