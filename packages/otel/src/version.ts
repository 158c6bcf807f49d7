/** The version in deno.json. */
export const version = "0.2.0";
