// Another place where people write and read: `export default plugin(channel({ poll, webhook, send }));`.
//
// The host takes in the messages and keeps the cursor in one step, and a message whose id it knows is not taken in again. So a poll
// may be repeated at any time, by this version of the plugin or by the next.

import { Failed } from "./errors.js";
import { Channel } from "./parts.js";

function noRequests() {
  throw new Failed("this channel takes no requests");
}

/** Makes a channel: `send`, and `poll` or `webhook` or both, as `[channel]` of plugin.toml says. */
export function channel({ poll = (cursor) => ({ cursor }), webhook = noRequests, send }) {
  for (const [name, work] of Object.entries({ poll, webhook, send })) {
    if (typeof work !== "function") throw new TypeError(`the channel's \`${name}\` is not a function`);
  }
  return new Channel({ poll, webhook, send });
}
