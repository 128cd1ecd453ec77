// Asks a service once a day and remembers the answer. The key is never here: its name is, and the value joins on the way out.

import { BadInput, output, plugin, schema, tool, Unavailable } from "@octi/plugin";
import * as http from "@octi/plugin/http";
import * as kv from "@octi/plugin/kv";

const CURRENCY = schema.string("Three letters, such as `EUR`.", { pattern: "^[A-Z]{3}$" });

function ratesOf(day) {
  const known = kv.get("rates");
  if (known?.value.day === day) return known.value.rates;
  const answer = http.get("https://api.rates.example/latest", { headers: { authorization: "{{secret:rates_key}}" }, timeoutMs: 5_000 });
  if (!answer.ok) throw new Unavailable(`the rates cannot be read now: the service answered with ${answer.status}`);
  const { rates } = answer.json();
  kv.set("rates", { day, rates });
  return rates;
}

const convert = tool({
  name: "convert",
  description: "Converts an amount of money at the rates of the day.",
  input: schema.object({ amount: schema.number(), from: CURRENCY, to: CURRENCY }),
  output: schema.object({ amount: schema.number(), rate: schema.number() }),
  run({ amount, from, to }) {
    const rates = ratesOf(new Date().toISOString().slice(0, 10));
    for (const currency of [from, to]) {
      if (!(currency in rates)) throw new BadInput(`there is no rate of \`${currency}\`; there is ${Object.keys(rates).join(", ")}`);
    }
    const rate = rates[to] / rates[from];
    const converted = Math.round(amount * rate * 100) / 100;
    return output({ amount: converted, rate }, `${amount} ${from} are ${converted} ${to}`);
  },
});

export default plugin(convert);
