// Random programs, as text: trees of steps and combinators in pipelines, as arrays and by the
// builder, with the types that they must have by the rules of shapes.ts.
import {
  either,
  type Kind,
  list,
  object,
  oneOf,
  optional,
  over,
  scalar,
  type Shape,
  shapeText,
  textOf,
  together,
  without,
} from "./shapes.ts";

export interface Program {
  /** The definition of the pipeline `p`, and the code before it. */
  readonly text: string;
  readonly args: Shape;
  readonly data: Shape;
}

/** A step: its expression, what it needs and what it adds. */
interface Node {
  readonly text: string;
  readonly needs: Shape;
  readonly adds: Shape;
}

/**
 * The inputs of steps: the context, and those of its keys that are args of the innermost pipeline.
 */
interface Place {
  readonly ctx: Shape;
  readonly taken: ReadonlySet<string>;
  /**
   * Whether a step may need a key that nothing provides, so that it becomes an arg of the whole.
   */
  readonly isOpen: boolean;
}

export function generate(seed: number): Program {
  const random = new Randomness(seed);
  const writer = new Writer(random);
  const { text, needs, data } = writer.pipeline(
    "p",
    { ctx: {}, taken: new Set(), isOpen: true },
    0,
  );
  return { text: [...writer.lines, `const p = ${text};`].join("\n"), args: needs, data };
}

/** A random value of a type. */
export function valueOf(kind: Kind, seed: number): unknown {
  const random = new Randomness(seed + 1);
  const text = new Writer(random).valueOf(kind);
  return new Function("coin", `return ${text}`)(() => random.isOn());
}

class Randomness {
  #state: number;
  constructor(seed: number) {
    this.#state = seed * 2654435761 % 2147483647 + 1;
    for (let n = 0; n < 5; n++) this.below(2);
  }
  below(count: number): number {
    this.#state = this.#state * 48271 % 2147483647;
    return Math.floor(this.#state / 2147483647 * count);
  }
  isOn(chance = 0.5): boolean {
    return this.below(1000) < chance * 1000;
  }
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
  some<T>(items: readonly T[], chance: number): T[] {
    return items.filter(() => this.isOn(chance));
  }
}

class Writer {
  readonly lines: string[] = [];
  #count = 0;
  readonly random: Randomness;
  constructor(random: Randomness) {
    this.random = random;
  }

  /** A pipeline, in the context of an outer one, whose keys may become its args. */
  pipeline(
    name: string,
    outer: Place,
    depth: number,
  ): Node & { data: Shape } {
    const { random } = this;
    const isOpen = random.isOn(0.6);
    const given = isOpen
      ? {}
      : { ...sure(outer.ctx, random), ...(depth === 0 ? this.#newShape("g") : {}) };
    const place = {
      ctx: given,
      taken: new Set([...outer.taken, ...Object.keys(given)]),
      isOpen: isOpen && outer.isOpen,
    };
    const isBuilder = random.isOn(0.4);
    let args: Shape = given;
    let added: Shape = {};
    const parts: string[] = [];
    for (let n = 1 + random.below(depth === 0 ? 5 : 3); n > 0; n--) {
      // A key that is needed only if it is there does not become an arg.
      const seen = isOpen ? { ...sureOf(outer.ctx), ...place.ctx } : place.ctx;
      const node = this.#node({ ...place, ctx: seen }, depth);
      const fresh = without(node.needs, Object.keys(place.ctx));
      args = together(args, fresh);
      for (const key of Object.keys(fresh)) place.taken.add(key);
      place.ctx = over({ ...place.ctx, ...fresh }, node.adds);
      added = { ...added, ...node.adds };
      // A builder also has the combinators as methods, whose callbacks see the context so far.
      const isMethod = !/^(s\d|pipeline)/.test(node.text) && random.isOn(0.7) &&
        Object.keys(fresh).length === 0;
      parts.push(isBuilder ? isMethod ? `.${node.text}` : `.step(${node.text})` : node.text);
    }
    const keys = [`name: "${name}"`];
    if (!isOpen) keys.push(`argsSchema: typed<${shapeText(given)}>()`);
    if (!isBuilder) keys.push(`steps: [${parts.join(", ")}]`);
    const text = `pipeline({ ${keys.join(", ")} })${isBuilder ? parts.join("") + ".build()" : ""}`;
    const adds = Object.fromEntries(Object.keys(added).map((key) => [key, place.ctx[key]!]));
    return { text, needs: args, adds, data: place.ctx };
  }

  #node(place: Place, depth: number): Node {
    const { random } = this;
    if (depth > 2 || random.isOn(0.35)) return this.#leaf(place);
    const inner = () => this.#node(place, depth + 1);
    const predicate = random.pick(["() => coin()", "async () => coin()"]);
    switch (random.below(8)) {
      case 0: {
        const step = inner();
        return {
          text: `when(${predicate}, ${step.text})`,
          needs: step.needs,
          adds: optional(step.adds),
        };
      }
      case 1: {
        const steps = Array.from({ length: 1 + random.below(3) }, inner);
        const pairs = steps.map((step) => `[${predicate}, ${step.text}]`);
        const last = random.isOn(0.6) ? [inner()] : [];
        const outputs = [...steps, ...last].map(({ adds }) => adds);
        return {
          text: `choice(${[...pairs, ...last.map(({ text }) => text)].join(", ")})`,
          needs: together(...[...steps, ...last].map(({ needs }) => needs)),
          adds: last.length === 0 ? optional(oneOf(...outputs)) : oneOf(...outputs),
        };
      }
      case 2: {
        const steps = Array.from({ length: 1 + random.below(3) }, inner);
        return {
          text: `parallel(${steps.map(({ text }) => text).join(", ")})`,
          needs: together(...steps.map(({ needs }) => needs)),
          adds: steps.reduce((before: Shape, { adds }) => over(before, adds), {}),
        };
      }
      case 3:
        return this.#mapOfStep(place, depth);
      case 4:
        return this.#collection(place);
      case 5:
        return this.#distribute(place, depth);
      default:
        if (depth > 1) return this.#leaf(place);
        return this.pipeline(`inner${this.#count++}`, place, depth + 1);
    }
  }

  /** A step that reads some keys of the context, adds some, and overwrites some. */
  #leaf(place: Place, more: Shape = {}): Node {
    const { random } = this;
    const mine = sure(place.ctx, random);
    const maybe = Object.entries(place.ctx).filter(([, one]) => one.isOptional);
    const needs = {
      ...mine,
      ...Object.fromEntries(random.some(maybe, 0.3)),
      ...(place.isOpen && random.isOn(0.2) ? sureOf(this.#newShape("a")) : {}),
      ...more,
    };
    const mayWrite = Object.keys(place.ctx).filter((key) => !place.taken.has(key) || key in mine);
    const keys = random.some(mayWrite, 0.2);
    if (keys.length === 0 || random.isOn(0.7)) keys.push(this.#key("k"));
    const adds = random.isOn(0.1) ? {} : this.#shape(keys);
    const name = this.#key("s");
    const alternatives = random.isOn(0.15) ? [adds, this.#shape([this.#key("k")])] : [adds];
    const outputs = alternatives.map(shapeText).join(" | ");
    const values = alternatives.map((shape) => this.valueOf(object(shape)));
    const output = values.length === 1 ? `(${values[0]})` : `(coin() ? ${values.join(" : ")})`;
    const isVoid = alternatives.length === 1 && Object.keys(adds).length === 0;
    const result = isVoid ? "void" : outputs;
    const body = isVoid ? "{}" : output;
    const ctx = `_ctx: ${shapeText(needs)}`;
    const run = random.isOn(0.4)
      ? `async (${ctx}): Promise<${result}> => ${body}`
      : `(${ctx}): ${result} => ${body}`;
    const definition = random.isOn(0.3) && !isVoid && alternatives.length === 1
      ? `requires: typed<${
        shapeText(needs)
      }>(), provides: typed<${outputs}>(), run: () => ${output}`
      : `run: ${run}`;
    this.lines.push(`const ${name} = step({ name: "${name}", ${definition} });`);
    return { text: name, needs, adds: oneOf(...alternatives) };
  }

  /** A map of a step, whose items are single keys, or objects of some keys. */
  #mapOfStep(place: Place, depth: number): Node {
    const { random } = this;
    const key = this.#key("m");
    const item = this.#key("i");
    const isAs = random.isOn();
    const isCollecting = isAs && random.isOn(0.4);
    const given = { [item]: need(scalar("string")) };
    const made = this.#wrapped({ ...place, isOpen: false }, given, depth);
    // Without a default it fails now and then.
    const step = isCollecting
      ? { ...made, text: `choice([() => coin(), ${made.text}])`, adds: optional(made.adds) }
      : made;
    const of = isAs ? scalar("string") : object(given);
    const items = `(): ${textOf(list(of))} => (${this.valueOf(list(of))})`;
    const options = [
      ...isAs ? [`as: "${item}"`] : [],
      ...isCollecting ? [`onFailure: "collect"`] : [],
      ...random.isOn(0.3) ? ["concurrency: 2"] : [],
    ];
    const result = object(step.adds);
    return {
      text: `map("${key}", ${items}, ${step.text}, { ${options.join(", ")} })`,
      needs: without(step.needs, [item]),
      adds: {
        [key]: need(list(isCollecting ? either(result, [{ is: "failure" }]) : result)),
      },
    };
  }

  /** A step that takes an item, alone or in another one. */
  #wrapped(place: Place, item: Shape, depth: number): Node {
    const leaf = this.#leaf(place, item);
    const { random } = this;
    if (depth > 1 || random.isOn(0.6)) return leaf;
    return random.isOn()
      ? { ...leaf, text: `when(() => coin(), ${leaf.text})`, adds: optional(leaf.adds) }
      : { ...leaf, text: `parallel(${leaf.text})` };
  }

  /** A filter, a flatMap, or a map of a function, over a list in the context or a new one. */
  #collection(place: Place): Node {
    const { random } = this;
    const lists = Object.entries(place.ctx).flatMap((
      [key, { kind: [one, ...others], isOptional }],
    ) => !isOptional && others.length === 0 && one?.is === "list" ? [{ key, of: one.of }] : []);
    const found = lists.length > 0 && random.isOn(0.7) ? random.pick(lists) : undefined;
    const of = found?.of ?? this.#kind(1);
    const items = found
      ? `(ctx: { ${found.key}: ${textOf(list(of))} }) => ctx.${found.key}`
      : `(): ${textOf(list(of))} => (${this.valueOf(list(of))})`;
    const key = this.#key("m");
    const made = this.#kind(1);
    const [text, result] = random.pick([
      [`filter("${key}", ${items}, () => coin())`, list(of)],
      [
        `flatMap("${key}", ${items}, (): ${textOf(list(made))} => (${this.valueOf(list(made))}))`,
        list(made),
      ],
      [`map("${key}", ${items}, (_item): ${textOf(made)} => (${this.valueOf(made)}))`, list(made)],
    ]);
    const needs = found ? { [found.key]: need(list(of)) } : {};
    return { text, needs, adds: { [key]: need(result) } };
  }

  /** A step for each item of a list that an earlier step provides. */
  #distribute(place: Place, depth: number): Node {
    const item = this.#key("i");
    const source = this.#key("l");
    const key = this.#key("m");
    const kind = this.#kind(1);
    const step = this.#wrapped({ ...place, isOpen: false }, { [item]: need(kind) }, depth);
    const text = `distribute("${key}", { ${source}: "${item}" }, ${step.text})`;
    const name = this.#key("s");
    this.lines.push(
      `const ${name} = step({ name: "${name}", run: (): { ${source}: ${textOf(list(kind))} } => ` +
        `(${this.valueOf(object({ [source]: need(list(kind)) }))}) });`,
    );
    const inner = this.#key("p");
    const needs = without(step.needs, [item]);
    return {
      text: `pipeline({ name: "${inner}", steps: [${name}, ${text}] })`,
      needs,
      adds: { [source]: need(list(kind)), [key]: need(list(object(step.adds))) },
    };
  }

  #key(letter: string): string {
    return `${letter}${this.#count++}`;
  }

  #newShape(letter: string): Shape {
    return this.#shape(Array.from({ length: 1 + this.random.below(2) }, () => this.#key(letter)));
  }

  #shape(keys: readonly string[]): Shape {
    return Object.fromEntries(keys.map((key) => [
      key,
      { kind: this.#kind(0), isOptional: this.random.isOn(0.15) },
    ]));
  }

  #kind(depth: number): Kind {
    const { random } = this;
    const simple = () => scalar(random.pick(["string", "number", "boolean"] as const));
    if (depth > 1 || random.isOn(0.6)) return simple();
    switch (random.below(3)) {
      case 0:
        return list(this.#kind(depth + 1));
      case 1:
        return object({ [random.pick(["x", "y"])]: need(this.#kind(depth + 1)) });
      default:
        return either(simple(), simple());
    }
  }

  /** An expression of a value of a type. */
  valueOf(kind: Kind): string {
    const { random } = this;
    const one = random.pick(kind);
    if (one.is === "string") return `"${random.pick(["a", "b"])}"`;
    if (one.is === "number") return `${random.below(9)}`;
    if (one.is === "boolean") return `${random.isOn()}`;
    if (one.is === "list") {
      return `[${Array.from({ length: random.below(3) }, () => this.valueOf(one.of)).join(", ")}]`;
    }
    const pairs = Object.entries(one.is === "object" ? one.keys : {}).map((
      [key, { kind, isOptional }],
    ) =>
      isOptional
        ? `...(coin() ? { ${key}: ${this.valueOf(kind)} } : {})`
        : `${key}: ${this.valueOf(kind)}`
    );
    return `{ ${pairs.join(", ")} }`;
  }
}

function need(kind: Kind): Shape[string] {
  return { kind, isOptional: false };
}

/** Some of the keys that are certain. */
function sure(ctx: Shape, random: Randomness): Shape {
  return Object.fromEntries(random.some(Object.entries(sureOf(ctx)), 0.3));
}

function sureOf(ctx: Shape): Shape {
  return Object.fromEntries(Object.entries(ctx).filter(([, { isOptional }]) => !isOptional));
}
