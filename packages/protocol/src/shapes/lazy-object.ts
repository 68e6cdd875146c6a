/** Objects whose fields are made when they are first asked for: a program uses few of all that the wire has. */
import * as z from "zod";

type Fields = z.core.$ZodLooseShape;
type Made<F extends Fields> = z.core.util.Writeable<F>;

const nothingElse = z.never();

/** `z.object` of the fields that the function names. */
export function object<F extends Fields>(fields: () => F): z.ZodObject<Made<F>, z.core.$strip>;
export function object(fields: () => Fields): z.ZodObject {
  return new z.ZodObject(lazily(fields, { type: "object", shape: {} }));
}

/** `z.strictObject` of them. */
export function strictObject<F extends Fields>(fields: () => F): z.ZodObject<Made<F>, z.core.$strict>;
export function strictObject(fields: () => Fields): z.ZodObject {
  return new z.ZodObject(lazily(fields, { type: "object", shape: {}, catchall: nothingElse }));
}

/** Asked for by this schema and by those made from it, as with `.meta`: all have the same fields. */
function lazily(fields: () => Fields, described: z.core.$ZodObjectDef): z.core.$ZodObjectDef {
  let made: Fields | undefined;
  return Object.defineProperty(described, "shape", {
    get() {
      made ??= fields();
      return made;
    },
  });
}
