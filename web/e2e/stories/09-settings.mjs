// What holds for everybody is set in the pages, refused at its field, told to the other browser, and reset.
export default async function story(stage) {
  const [one, other] = [await stage.person(), await stage.person()];
  const row = (page, key) => page.getByRole("listitem").filter({ hasText: key });
  for (const page of [one, other]) {
    await page.goto("/settings?tab=configuration");
    await row(page, "agent.iterations_max").getByText("default", { exact: true }).waitFor();
  }
  await stage.accessible(one, "the configuration");
  await stage.shot(one, "settings");
  const field = one.getByRole("dialog").getByLabel("Value");
  const change = (key) => row(one, key).getByRole("button", { name: "Change" }).click();
  const save = async (text) => {
    await field.fill(text);
    await one.keyboard.press("Control+Enter");
  };
  await stage.step("a number is refused by the page, and stored when it fits", async () => {
    await change("agent.iterations_max");
    await save("20000");
    await one.getByRole("dialog").getByText("At most 10000.").waitFor();
    await save("80");
    await row(one, "agent.iterations_max").getByText("set here").waitFor();
  });
  await stage.step("another browser shows it without being asked", () =>
    row(other, "agent.iterations_max").getByText("set here").waitFor(),
  );
  await stage.step("what only the server can tell is refused at the field", async () => {
    await change("log.filter");
    await save("octi=loud");
    await one.getByRole("dialog").getByText("is not a log filter").waitFor();
    await stage.accessible(one, "a refused setting");
    await stage.shot(one, "settings-refused");
    await one.keyboard.press("Escape");
    await one.getByRole("dialog", { name: "Throw away what you typed?" }).waitFor();
    await one.getByRole("button", { name: "Throw it away" }).click();
  });
  await stage.step("it is reset", async () => {
    await row(one, "agent.iterations_max").getByRole("button", { name: "Reset" }).click();
    await one.getByRole("dialog").getByRole("button", { name: "Reset" }).click();
    await row(one, "agent.iterations_max").getByText("default", { exact: true }).waitFor();
    await row(other, "agent.iterations_max").getByText("default", { exact: true }).waitFor();
  });
}
