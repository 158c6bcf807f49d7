/** The deps of a pipeline that declares them: made of the bindings by each process, not recorded. */
export type CloudflareDeps<Options> = Options extends { readonly deps: infer Deps }
  ? { readonly deps: (env: never) => Deps }
  : unknown;
