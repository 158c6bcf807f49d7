import process from "node:process";

export default {
  logLevel: "warn",
  build: {
    target: "es2022",
    modulePreload: false,
    emptyOutDir: false,
    outDir: "vite",
    rollupOptions: { input: process.env.PROGRAM, output: { entryFileNames: "[name].js" } },
  },
};
