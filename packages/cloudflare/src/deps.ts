/** The deps of a pipeline that declares them. Each process makes them anew from its bindings. */
export type CloudflareDeps<Options> = Options extends { readonly deps: infer Deps }
  ? { readonly deps: (env: never) => Deps }
  : unknown;
