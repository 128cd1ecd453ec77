// Tables: columns are chosen and stay so, and what is shown becomes a file. A chart has its numbers.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

export default async function story(stage) {
  const page = await stage.person();
  for (const name of ["laptop", "=SUM(A1)", "build, server"])
    await stage.api(page, "POST", "/api/auth/api-tokens", { name, expiresInDays: 7 });

  await stage.step("a column that is left out stays so", async () => {
    await page.goto("/tokens");
    await page.getByRole("button", { name: "Columns" }).click();
    await page.getByLabel("Last used").uncheck();
    await page.keyboard.press("Escape");
    await page.reload();
    await page.getByRole("columnheader", { name: "Name" }).waitFor();
    assert.equal(await page.getByRole("columnheader", { name: "Last used" }).count(), 0);
  });

  await stage.step("what is shown becomes a file, in its order", async () => {
    await page.getByRole("button", { name: "Name" }).click();
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "CSV" }).click(),
    ]);
    assert.equal(file.suggestedFilename(), "api-tokens.csv");
    const [head, ...rows] = readFileSync(await file.path(), "utf8")
      .trim()
      .split("\r\n");
    assert.match(head, /^\uFEFF?Name,Begins with,Made,State,Ends$/);
    const names = rows.map((row) => row.replace(/,octi_.*$/, ""));
    for (const name of ["laptop", "'=SUM(A1)", '"build, server"']) assert(names.includes(name), names.join());
  });

  await stage.step("the chart shows its numbers", async () => {
    await page.goto("/");
    await page.getByRole("button", { name: "As numbers" }).click();
    assert.equal(await page.getByRole("table", { name: "Tokens per day" }).getByRole("row").count(), 15);
    await stage.accessible(page, "the numbers of the chart");
    await stage.shot(page, "chart-numbers");
  });
}
