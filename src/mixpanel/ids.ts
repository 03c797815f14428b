/** Ids in replies: numbers, at times digits in a text. */
import { z } from "zod";

export const numericId = () =>
  z.union(
    [
      z.int(),
      z
        .string()
        .regex(/^\d{1,16}$/, "expected a number")
        .transform(Number),
    ],
    {
      error: "expected a number",
    },
  );

/** A text that may be null or missing; anything else a field of that name could hold is not guessed at. */
export const optionalText = () =>
  z
    .string()
    .nullish()
    .transform((text) => text ?? null);
