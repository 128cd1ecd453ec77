// Stands in for the parts of a server that does not have them yet: side questions.
// Everything else goes to the real octi.

const ID = "00000000-0000-7000-8000-00000000000";

/** Answers what the page asks that the server does not know yet. */
export async function standIn(page) {
  await page.routeWebSocket("**/gateway", (ours) => besides(ours));
}

/** Lets the page think that side questions are known, and answers the questions. */
function besides(ours) {
  const server = ours.connectToServer();
  const said = (id, sessionId, payload) =>
    ours.send(
      JSON.stringify({
        type: "event",
        event: {
          type: "chat.message",
          id,
          sessionId,
          source: "agents",
          userId: ID,
          timestamp: new Date(),
          payload,
        },
      }),
    );
  server.onMessage((text) => {
    const frame = JSON.parse(text);
    if (frame.type === "auth_ok") frame.capabilities.push("chat.interject");
    ours.send(JSON.stringify(frame));
  });
  ours.onMessage((text) => {
    const frame = JSON.parse(text);
    if (frame.type === "chat.interject") {
      const side = { role: "user", text: frame.content, messageId: `${ID}7`, sideChannel: true };
      said(`${ID}8`, frame.sessionId, side);
      const answer = { role: "assistant", text: "It waits for **you**.", messageId: `${ID}9` };
      said(`${ID}9`, frame.sessionId, { ...answer, sideChannel: true, answers: `${ID}7` });
      return;
    }
    server.send(JSON.stringify(frame));
  });
}
