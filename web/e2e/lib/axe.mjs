// What a screen reader, a keyboard or weak eyes would stumble over, as far as a program can see it.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const SOURCE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const COUNTS = ["serious", "critical"];

/** The serious and critical findings on what is shown, each with the first elements it is about. */
export async function findings(page) {
  // The page's policy forbids scripts that are written into it; this way goes past the page.
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(SOURCE);
  const { violations } = await page.evaluate(() =>
    window.axe.run(document, {
      resultTypes: ["violations"],
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }),
  );
  return violations
    .filter(({ impact }) => COUNTS.includes(impact))
    .map(({ id, help, nodes }) => ({
      rule: `${id}: ${help}`,
      at: nodes
        .slice(0, 5)
        .map(
          ({ target, failureSummary }) =>
            `${target.join(" ")} (${failureSummary?.split("\n").at(-1)?.trim()})`,
        ),
    }));
}
