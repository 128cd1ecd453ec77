// Reaches nothing at all: arguments in, a result out.

import { BadInput, output, plugin, schema, tool } from "@octi/plugin";

/** This engine has no tables of Unicode: no `normalize`, no `\p{…}`. */
const LETTERS = { ä: "ae", ö: "oe", ü: "ue", ß: "ss", à: "a", å: "a", ç: "c", é: "e", è: "e", ê: "e", ñ: "n", ó: "o", ø: "o" };

const slug = tool({
  name: "slug",
  description: "Makes a name of lower case letters, digits and `-` out of a title, for an address or a file.",
  input: schema.object({
    title: schema.string("The title.", { minLength: 1, maxLength: 1000 }),
    longest: schema.byDefault(schema.integer("The most characters it may have.", { minimum: 8, maximum: 200 }), 60),
  }),
  output: schema.object({ slug: schema.string() }),
  run({ title, longest = 60 }) {
    const plain = [...title.toLowerCase()].map((letter) => LETTERS[letter] ?? letter).join("");
    const words = plain.match(/[a-z0-9]+/g) ?? [];
    if (words.length === 0) throw new BadInput("the title has no letters or digits that an address can have; give one that has");
    let made = words.shift().slice(0, longest);
    for (const word of words) {
      if (made.length + 1 + word.length > longest) break;
      made += `-${word}`;
    }
    return output({ slug: made }, made);
  },
});

export default plugin(slug);
