// The library as it is, and without some of its guarantees, each in a bundle of its own.
import type * as runsheet from "@runsheet/runsheet";

/** The bundles beside the worker. */
export const files = { whole: "whole.js", cut: "hook_cut_out.js" };

export type Library = Pick<typeof runsheet, "map" | "parallel" | "pipeline" | "step">;

export function load(file: string): Promise<Library> {
  return import(new URL(file, import.meta.url).href);
}
