// Makes <bundler>/<program> of each program: `node bundle.js esbuild all.js some.js none.js`.
import { argv } from "node:process";
import { nodeResolve } from "@rollup/plugin-node-resolve";
import * as esbuild from "esbuild";
import { rollup } from "rollup";
import * as vite from "vite";

const bundlers = {
  esbuild: (program) =>
    esbuild.build({
      entryPoints: [program],
      bundle: true,
      format: "esm",
      minify: true,
      logLevel: "warning",
      outdir: "esbuild",
    }),
  rollup: async (program) => {
    const bundle = await rollup({ input: program, plugins: [nodeResolve()] });
    await bundle.write({ dir: "rollup" });
  },
  vite: (program) =>
    vite.build({
      logLevel: "warn",
      build: {
        target: "es2022",
        modulePreload: false,
        emptyOutDir: false,
        outDir: "vite",
        rollupOptions: { input: program, output: { entryFileNames: "[name].js" } },
      },
    }),
};

const [bundler, ...programs] = argv.slice(2);
for (const program of programs) await bundlers[bundler](program);
